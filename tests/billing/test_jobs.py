"""What is charged once: jobs within a run, and what is held back beside what is sent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from keito.billing import Cap, Contract, CostExpense, MemoryOutbox, Target, Usage, bill_to
from keito.billing.contract import Charge

from .conftest import HOME, MakeRecorder, Recorded


def test_a_job_within_the_run_of_a_worker_is_charged_once(recorded: Recorded) -> None:
    with recorded.recorder.run("worker"):
        for job in ("J-1", "J-2", "J-1"):
            with bill_to(work_key=job), recorded.recorder.run("job"):
                pass

    jobs = [e for e in recorded.entries() if e["metadata"]["agent_id"] == "job"]

    assert [(e["metadata"]["attempt"], e["billable"]) for e in jobs] == [
        (1, True),
        (1, True),
        (2, False),
    ]


def test_a_run_within_a_job_is_folded_into_the_job(recorded: Recorded) -> None:
    recorder = recorded.recorder
    with bill_to(work_key="J-1"), recorder.run("job"), recorder.run("step") as step:
        pass

    assert step.folded
    assert len(recorded.entries()) == 1


def test_what_is_held_back_uses_up_a_subject_of_what_is_sent(make_recorder: MakeRecorder) -> None:
    outbox, prices = MemoryOutbox(), Contract(prices={"solved": 2})
    held = make_recorder(outbox=outbox, contract=prices, mode="record")
    sent = make_recorder(outbox=outbox, contract=prices)

    keys = [
        run.recorder.start("agent").outcome("solved", subject="T-1") for run in (held, sent, held)
    ]

    assert len(set(keys)) == 1


def test_what_is_held_back_counts_towards_a_cap_of_what_is_sent(
    make_recorder: MakeRecorder,
) -> None:
    capped = Contract(prices={"solved": 2}, caps={"solved": Cap(per_day=1)})
    sent = make_recorder(contract=capped)
    held = make_recorder(contract=capped, outbox=sent.outbox, mode="record")
    for made in (held, sent):
        with made.recorder.run("agent") as run:
            run.outcome("solved")

    sent.records()
    sent.recorder.backlog().release()

    outcomes = [r for r in sent.recorder.backlog().records() if r.kind == "outcome"]
    assert sorted((r.charged, r.held) for r in outcomes) == [(False, False), (True, False)]


def test_a_test_uses_up_no_subject_of_what_is_charged(make_recorder: MakeRecorder) -> None:
    outbox, prices = MemoryOutbox(), Contract(prices={"solved": 2})
    made = [make_recorder(outbox=outbox, contract=prices, mode=mode) for mode in ("test", "live")]

    keys = [each.recorder.start("agent").outcome("solved", subject="T-1") for each in made]

    assert len(set(keys)) == 2


@pytest.mark.parametrize("work_key", [None, "J-1"])
def test_the_same_job_is_the_same_work(work_key: str | None) -> None:
    target = Target(project_id="p", task_id="t", work_key=work_key)

    assert target.same_work(Target(project_id="p", task_id="t", work_key=work_key))
    assert not target.same_work(Target(project_id="p", task_id="t", work_key="other"))
    assert not target.same_work(HOME)


def _tell(made: Recorded, key: str | None = None) -> None:
    with bill_to(work_key="J-1"), made.recorder.run("agent") as run:
        run.outcome("solved", key=key)
        run.outcome("solved")
        run.outcome("solved", success=False)
        run.log_time("0.5", billable=True)
        run.expense("cat", total_cost=1)


def _charged(made: Recorded) -> list[str]:
    return sorted(record.kind for record in made.records() if record.charged)


def test_what_a_job_tells_is_charged_once_however_often_it_is_tried(
    make_recorder: MakeRecorder,
) -> None:
    made = make_recorder(contract=Contract(prices={"solved": 2}))

    for _ in range(2):
        _tell(made)

    assert _charged(made) == ["expense", "outcome", "outcome", "time"]


def test_an_attempt_that_achieves_more_is_charged_what_it_adds(make_recorder: MakeRecorder) -> None:
    made = make_recorder(contract=Contract(prices={"solved": 2}))

    for count in (1, 3):
        with bill_to(work_key="J-1"), made.recorder.run("agent") as run:
            for _ in range(count):
                run.outcome("solved")

    assert _charged(made) == ["outcome"] * 3


def test_what_has_a_name_is_charged_once_by_it_in_a_job(make_recorder: MakeRecorder) -> None:
    made = make_recorder(contract=Contract(prices={"solved": 2}))

    for keys in (["a"], ["b", "a"]):
        with bill_to(work_key="J-1"), made.recorder.run("agent") as run:
            for key in keys:
                run.outcome("solved", key=key)

    assert _charged(made) == ["outcome"] * 2


def test_a_failure_does_not_use_up_what_another_attempt_achieves(
    make_recorder: MakeRecorder,
) -> None:
    made = make_recorder(contract=Contract(prices={"solved": 2}))

    for success in (False, True):
        with bill_to(work_key="J-1"), made.recorder.run("agent") as run:
            run.outcome("solved", success=success)

    assert _charged(made) == ["outcome"]


def test_attempts_of_a_job_that_nobody_routed_are_charged_once_when_somebody_does(
    make_recorder: MakeRecorder,
) -> None:
    made = make_recorder(contract=Contract(prices={"solved": 2}), target=None)
    for _ in range(2):
        _tell(made, key="a")
    made.records()

    for run in {record.run for record in made.recorder.backlog().records("UNROUTED")}:
        made.recorder.backlog().assign(run, HOME)

    assert _charged(made) == ["expense", "outcome", "outcome", "time"]


@pytest.mark.parametrize("charge", ["time", "outcomes", "both"])
def test_the_cost_of_a_job_is_passed_on_once_whatever_else_is_charged(
    make_recorder: MakeRecorder, charge: Charge
) -> None:
    expense = CostExpense(category_id="cat")
    made = make_recorder(contract=Contract(charge=charge, cost_expense=expense))
    for attempt in ("first", "second"):
        with bill_to(work_key="J-1"), made.recorder.run("agent") as run:
            run.model_call(Usage(reported_cost_usd=Decimal(1)), key=attempt)

    assert sorted(record.expense for record in made.records()) == ["", "due"]


def test_a_job_that_waits_for_a_person_is_charged_for_both_parts_and_each_once(
    make_recorder: MakeRecorder,
) -> None:
    made = make_recorder()
    job = Target(project_id="prj_home", task_id="tsk_home", work_key="job 1")
    for _ in range(2):
        first = made.recorder.start("agent", target=job)
        first.finish("interrupted")
        rest = made.recorder.start("agent", target=job, follows=first.id)
        rest.finish()

    said = [(entry["metadata"]["status"], entry["billable"]) for entry in made.entries()]

    assert said == [("interrupted", True), ("ok", True), ("interrupted", False), ("ok", False)]
