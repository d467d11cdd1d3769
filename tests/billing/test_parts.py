"""Jobs that wait for a person: each part is charged once, however often the job is delivered."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito.billing import Contract, CostExpense, Recorder, Status, Target, Usage
from keito.billing.filing import Filing
from keito.billing.outbox.record import Record
from keito.billing.outbox.sqlite import SqliteOutbox
from keito.billing.parts import next_part, part_of, work_of_part
from tests.billing.conftest import MakeRecorder, Recorded

JOB = Target(project_id="prj_home", task_id="tsk_home", work_key="J-1")
WAITS: Status = "interrupted"


def part(recorder: Recorder, status: Status, follows: str | None = None) -> str:
    """Do one part of the job, in which something is solved; return the run's id."""
    run = recorder.start("agent", target=JOB, follows=follows)
    run.outcome("solved")
    run.model_call(Usage(reported_cost_usd=Decimal(1)), key=run.id)
    run.finish(status)
    return run.id


def job(recorder: Recorder, *statuses: Status) -> None:
    """Do all parts of the job."""
    before = None
    for status in statuses:
        before = part(recorder, status, before)


def runs(made: Recorded) -> list[tuple[int, bool]]:
    """The attempt that each run was, and whether it is charged."""
    found = [e for e in made.entries() if "outcome_type" not in e["metadata"]]
    return [(entry["metadata"]["attempt"], entry["billable"]) for entry in found]


def test_a_job_that_waits_several_times_is_charged_for_each_part(recorded: Recorded) -> None:
    job(recorded.recorder, WAITS, WAITS, WAITS, "ok")

    assert runs(recorded) == [(1, True)] * 4


def test_a_redelivery_is_an_attempt_at_each_part(recorded: Recorded) -> None:
    for _ in range(2):
        job(recorded.recorder, WAITS, WAITS, "ok")

    assert runs(recorded) == [(1, True)] * 3 + [(2, False)] * 3


def test_a_part_that_failed_is_charged_when_it_is_tried_again(recorded: Recorded) -> None:
    first = part(recorded.recorder, WAITS)
    second = part(recorded.recorder, WAITS, first)
    part(recorded.recorder, "error", second)
    part(recorded.recorder, "ok", second)

    assert runs(recorded) == [(1, True), (1, True), (1, False), (2, True)]


def test_a_redelivery_that_waits_less_often_charges_nothing_more(recorded: Recorded) -> None:
    job(recorded.recorder, WAITS, WAITS, "ok")
    job(recorded.recorder, WAITS, "ok")

    assert runs(recorded)[3:] == [(2, False), (2, False)]


def test_what_each_part_achieves_is_charged_once(make_recorder: MakeRecorder) -> None:
    made = make_recorder(contract=Contract(prices={"solved": 2}))

    for _ in range(2):
        job(made.recorder, WAITS, WAITS, "ok")

    outcomes = [r for r in made.records() if r.kind == "outcome" and r.charged]
    assert len(outcomes) == 3


def test_what_each_part_costs_is_passed_on_once(make_recorder: MakeRecorder) -> None:
    made = make_recorder(contract=Contract(cost_expense=CostExpense(category_id="cat")))

    for _ in range(2):
        job(made.recorder, WAITS, WAITS, "ok")

    assert [r.expense for r in made.records() if r.kind == "run"] == ["due"] * 3 + [""] * 3


def test_what_is_nested_in_a_part_is_charged_with_it_once(recorded: Recorded) -> None:
    other = Target(project_id="prj_away", task_id="tsk_away")
    for _ in range(2):
        before = None
        for status in (WAITS, WAITS, "ok"):
            run = recorded.recorder.start("agent", target=JOB, follows=before)
            recorded.recorder.start("helper", parent=run, target=other).finish()
            run.finish(status)
            before = run.id

    helped = [e for e in recorded.entries() if e["project_id"] == "prj_away"]
    assert [entry["billable"] for entry in helped] == [True] * 3 + [False] * 3


GO_ON = """
import sys
from keito.billing import Recorder, Target

path, before, *statuses = sys.argv[1:]
recorder = Recorder(outbox=path, account_id="acc", courier="external")
job = Target(project_id="prj_home", task_id="tsk_home", work_key="J-1")
for status in statuses:
    run = recorder.start("agent", target=job, follows=before or None)
    run.finish(status)
    before = run.id
print(before)
recorder.close(0)
"""


def test_parts_and_their_attempts_are_told_apart_in_any_process(tmp_path: Path) -> None:
    def elsewhere(before: str, *statuses: str) -> str:
        command = [sys.executable, "-c", GO_ON, str(tmp_path / "outbox.db"), before, *statuses]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    second = elsewhere("", "interrupted", "interrupted")
    elsewhere(second, "ok")
    elsewhere("", "interrupted", "interrupted", "ok")

    charged = [record.charged for record in filed(tmp_path / "outbox.db")]
    assert charged == [True] * 3 + [False] * 3


def filed(path: Path) -> list[Record]:
    """What is recorded in a file, filed."""
    recorder = Recorder(outbox=path, account_id="acc", courier="external")
    outbox = SqliteOutbox(path)
    filing = Filing(outbox, clock=map(float, count()).__next__, destination=recorder.destination.id)
    filing.arrivals()
    outbox.close()
    found = recorder.backlog().records()
    recorder.close(0)
    return found


@pytest.mark.parametrize("foreign", ["", "x", "a.5", "550e8400-e29b-41d4-a716-446655440000.7"])
def test_what_follows_a_run_that_nobody_made_here_is_the_second_part(foreign: str) -> None:
    assert part_of(next_part("f" * 32, foreign)) == 2


@given(st.integers(1, 50))
def test_each_part_of_a_job_has_a_name_of_its_own(number: int) -> None:
    ids = ["0" * 32]
    for _ in range(number):
        ids.append(next_part("0" * 32, ids[-1]))

    assert [part_of(id) for id in ids] == list(range(1, number + 2))
    assert len({work_of_part("J", id) for id in ids}) == number + 1
    assert work_of_part("J", ids[0]) == "J"
