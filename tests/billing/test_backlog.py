"""What people do with records: assign, retry, drop and release, while couriers are at work."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keito import KeitoInputError
from keito.billing import Contract, MemoryOutbox, Outbox, Recorder, Run, Target, Usage
from keito.billing._facts import decode, encode
from keito.billing.backlog import Backlog
from keito.billing.filing import Filing
from keito.billing.outbox.record import Change, Record, State

from .conftest import AWAY, HOME

PRICES = Contract(charge="both", prices={"solved": "0.99", "sold": 5})
MOMENTS = {"started_at", "ended_at"}
MEASURED = {"hours", "seconds_raw", "seconds_charged", "seconds_counted"}
LABELS = Target(session_id="T-1", work_key="job 7", notes="{agent} {key}", metadata={"a": 1})


def recorder_into(outbox: MemoryOutbox, **more: Any) -> Recorder:
    given: dict[str, Any] = {"contract": PRICES, "account_id": "acc_test", **more}
    return Recorder(outbox=outbox, courier="external", routing="explicit", **given)


def filed(outbox: Outbox) -> None:
    filing = Filing(outbox, clock=lambda: 7.0)
    while filing.arrivals():
        pass


class SentBack(MemoryOutbox):
    """Has a courier that puts what it was sending back, whenever somebody has looked."""

    def in_state(self, destination: str, *states: State) -> list[Record]:
        found = super().in_state(destination, *states)
        for record in super().in_state(destination, "SENDING"):
            self.change(record, Change(state="READY", since=2.0))
        return found


def backlog_of(recorder: Recorder) -> Backlog:
    backlog = recorder.backlog()
    filed(recorder._recording.opened())
    return backlog


def body(record: Record) -> dict[str, Any]:
    """What is posted, without what the clock says."""
    said: dict[str, Any] = json.loads(record.payload)
    metadata = said.pop("metadata")
    left_out = MOMENTS if metadata.get("time_basis") == "told" else MOMENTS | MEASURED
    said["metadata"] = {k: v for k, v in metadata.items() if k not in left_out}
    return {k: v for k, v in said.items() if k not in left_out}


def bodies(outbox: MemoryOutbox, destination: str) -> dict[str, Any]:
    return {r.key: body(r) for r in outbox.in_state(destination, "READY")}


Action = Callable[[Run], object]
SUBJECTS = st.sampled_from([None, "T-1", " t-1", "T-2"])
ACTIONS: st.SearchStrategy[Action] = st.one_of(
    st.builds(
        lambda kind, subject, success: (
            lambda run: run.outcome(kind, subject=subject, success=success)
        ),
        st.sampled_from(["solved", "sold"]),
        SUBJECTS,
        st.booleans(),
    ),
    st.builds(lambda subject: lambda run: run.log_time("0.5", subject=subject), SUBJECTS),
    st.builds(
        lambda subject: lambda run: run.expense("cat", total_cost="0.25", subject=subject), SUBJECTS
    ),
    st.builds(
        lambda n: lambda run: run.model_call(Usage(model="m", input_tokens=n), key=str(n)),
        st.integers(1, 3),
    ),
)


@settings(deadline=None, max_examples=60)
@given(runs=st.lists(st.lists(ACTIONS, max_size=5), min_size=1, max_size=3))
def test_what_is_assigned_later_is_what_would_have_been_recorded_at_once(
    runs: list[list[Action]],
) -> None:
    def play(target: Target) -> tuple[Recorder, MemoryOutbox, list[str]]:
        numbers = itertools.count()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "urandom", lambda size: next(numbers).to_bytes(size, "big"))
            outbox = MemoryOutbox()
            recorder = recorder_into(outbox)
            ids = []
            for actions in runs:
                with recorder.run("agent", target=target) as run:
                    for action in actions:
                        action(run)
                ids.append(run.id)
        filed(outbox)
        return recorder, outbox, ids

    once, at_once, _ = play(replace(LABELS, project_id=HOME.project_id, task_id=HOME.task_id))
    later, assigned, ids = play(LABELS)
    for run in ids:
        later.backlog().assign(run, HOME)

    assert bodies(assigned, later.destination.id) == bodies(at_once, once.destination.id)
    assert assigned.in_state(later.destination.id, "UNROUTED") == []
    once.close(0)
    later.close(0)


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


def test_labels_that_were_recorded_stay_and_the_target_adds_its_own(outbox: MemoryOutbox) -> None:
    recorder = recorder_into(outbox)
    with recorder.run("agent", target=LABELS) as run:
        run.outcome("solved", subject="T-1")

    count = backlog_of(recorder).assign(run.id, replace(HOME, agent_id="desk", metadata={"b": 2}))

    entry = next(r for r in recorder.backlog().records("READY") if r.kind == "run")
    said = body(entry)
    assert count == 2
    assert (said["project_id"], said["task_id"]) == (HOME.project_id, HOME.task_id)
    metadata = said["metadata"]
    assert [metadata[k] for k in ("session_id", "agent_id", "a", "b")] == ["T-1", "desk", 1, 2]
    recorder.close(0)


def test_a_run_over_midnight_is_split_when_it_is_assigned(outbox: MemoryOutbox) -> None:
    recorder = recorder_into(outbox)
    with recorder.run("agent") as run:
        pass
    backlog = backlog_of(recorder)
    (record,) = backlog.records("UNROUTED")
    facts: Any = decode(record.facts)
    facts["start"]["at"] = 1_767_225_600_000_000 - 60_000_000
    facts["result"]["elapsed"] = 120_000_000
    outbox._kept._records[record.key] = replace(record, facts=encode(facts))

    count = backlog.assign(run.id, HOME)

    assert count == 2
    found = {(r.day, r.key == record.key) for r in backlog.records("READY")}
    assert sorted(found) == [
        ("2025-12-31", True),
        ("2026-01-01", False),
    ]
    recorder.close(0)


def test_what_an_earlier_version_left_unrouted_can_be_assigned(outbox: MemoryOutbox) -> None:
    recorder = recorder_into(outbox)
    with recorder.run("agent") as run:
        run.outcome("solved", subject="T-1")
    backlog = backlog_of(recorder)
    for record in backlog.records("UNROUTED"):
        facts: Any = decode(record.facts)
        old = {name: facts[name] for name in ("start", "result", "outcome") if name in facts}
        outbox._kept._records[record.key] = replace(record, facts="", payload=encode(old))

    count = backlog.assign(run.id, HOME)

    assert count == 2
    outcome = next(r for r in backlog.records("READY") if r.kind == "outcome")
    assert body(outcome)["spent_date"] == outcome.day
    recorder.close(0)


def test_a_subject_that_is_charged_already_is_not_charged_again(outbox: MemoryOutbox) -> None:
    recorder = recorder_into(outbox)
    with recorder.run("agent", target=HOME) as first:
        first.outcome("solved", subject="T-1")
    with recorder.run("agent") as second:
        lost = second.outcome("solved", subject="t-1")
    backlog = backlog_of(recorder)

    backlog.assign(lost, HOME)

    (dropped,) = backlog.records("DROPPED")
    assert (dropped.key, dropped.run) == (lost, second.id)
    assert "on record already" in dropped.reason
    assert sum(r.kind == "outcome" for r in backlog.records("READY")) == 1
    recorder.close(0)


def test_a_job_is_charged_once_though_one_try_is_assigned_later(outbox: MemoryOutbox) -> None:
    recorder = recorder_into(outbox)
    job = Target(work_key="job")
    with recorder.run(
        "agent", target=replace(job, project_id=HOME.project_id, task_id=HOME.task_id)
    ):
        pass
    with recorder.run("agent", target=job) as later:
        pass
    backlog = backlog_of(recorder)

    backlog.assign(later.id, HOME)

    second = next(r for r in backlog.records("READY") if r.run == later.id)
    assert body(second)["metadata"]["attempt"] == 2
    assert body(second)["billable"] is False
    recorder.close(0)


@pytest.mark.parametrize("target", [Target(), Target(project_id="p"), Target(task_id="t")])
def test_half_a_target_assigns_nothing(outbox: MemoryOutbox, target: Target) -> None:
    recorder = recorder_into(outbox)
    with recorder.run("agent") as run:
        pass
    backlog = backlog_of(recorder)

    with pytest.raises(KeitoInputError, match="project and a task"):
        backlog.assign(run.id, target)

    assert len(backlog.records("UNROUTED")) == 1
    recorder.close(0)


def test_a_run_is_assigned_once(outbox: MemoryOutbox) -> None:
    recorder = recorder_into(outbox)
    with recorder.run("agent") as run:
        pass
    backlog = backlog_of(recorder)
    backlog.assign(run.id, HOME)

    with pytest.raises(KeitoInputError, match="nothing of"):
        backlog.assign(run.id, AWAY)

    assert [r.project for r in backlog.records()] == [HOME.project_id]
    recorder.close(0)


def parked(recorder: Recorder, outbox: MemoryOutbox) -> Record:
    """Have Keito refuse a run."""
    with recorder.run("agent", target=HOME):
        pass
    filed(outbox)
    here = recorder.destination.id
    sending = outbox.claim(here, owner="c", now=1.0, lease=2.0, without=())
    assert sending is not None
    outbox.change(sending, Change(state="PARKED", since=1.0, reason="HTTP 422"))
    (record,) = outbox.in_state(here, "PARKED")
    return record


def test_a_parked_record_can_be_tried_again(outbox: MemoryOutbox) -> None:
    recorder = recorder_into(outbox)
    record = parked(recorder, outbox)

    recorder.backlog().retry(record.key)

    (again,) = recorder.backlog().records()
    assert (again.state, again.payload) == ("READY", record.payload)
    recorder.close(0)


def test_what_is_dropped_is_kept_with_its_reason_and_pays_for_nothing(
    outbox: MemoryOutbox,
) -> None:
    recorder = recorder_into(outbox)
    record = parked(recorder, outbox)

    count = recorder.backlog().drop(record.key, "the client is gone")
    outbox.prune(before=1e12)

    (kept,) = recorder.backlog().records()
    assert count == 1
    assert (kept.state, kept.charged, kept.payload) == ("DROPPED", False, record.payload)
    assert kept.reason == "dropped: the client is gone (before: HTTP 422)"
    recorder.close(0)


@pytest.mark.parametrize("state", ["SENDING", "AMBIGUOUS", "DONE"])
def test_what_is_under_way_can_not_be_dropped_or_tried_again(
    outbox: MemoryOutbox, state: State
) -> None:
    recorder = recorder_into(outbox)
    record = parked(recorder, outbox)
    outbox.change(record, Change(state=state, since=2.0))

    backlog = recorder.backlog()
    with pytest.raises(KeitoInputError, match=state):
        backlog.retry(record.key)
    with pytest.raises(KeitoInputError, match=state):
        backlog.drop(record.key, "no")

    assert [r.state for r in recorder.backlog().records()] == [state]
    recorder.close(0)


def test_a_decision_that_a_courier_was_faster_than_changes_nothing(
    outbox: MemoryOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = recorder_into(outbox)
    with recorder.run("agent", target=HOME):
        pass
    backlog = backlog_of(recorder)
    (ready,) = backlog.records("READY")
    here = recorder.destination.id
    find = outbox.find

    def claimed_meanwhile(key: str) -> Record | None:
        found = find(key)
        outbox.claim(here, owner="courier", now=1.0, lease=2.0, without=())
        return found

    monkeypatch.setattr(outbox, "find", claimed_meanwhile)
    with pytest.raises(KeitoInputError, match="moved on"):
        backlog.drop(ready.key, "not now")

    assert [r.state for r in backlog.records()] == ["SENDING"]
    recorder.close(0)


def test_dropping_needs_a_reason(outbox: MemoryOutbox) -> None:
    recorder = recorder_into(outbox)
    record = parked(recorder, outbox)

    with pytest.raises(KeitoInputError, match="say why"):
        recorder.backlog().drop(record.key, " ")

    assert recorder.backlog().records("PARKED") == [record]
    recorder.close(0)


def test_what_could_not_be_read_is_read_by_a_version_that_can(
    outbox: MemoryOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = recorder_into(outbox)

    def too_new(text: str) -> Contract:
        raise TypeError("unexpected keyword")

    with monkeypatch.context() as older:
        older.setattr("keito.billing.rendered.read_contract", too_new)
        with recorder.run("agent", target=HOME) as run:
            pass
        filed(outbox)
        (record,) = recorder.backlog().records("PARKED")
        recorder.backlog().retry(record.key)
        filed(outbox)
        still = recorder.backlog().records("PARKED")
    recorder.backlog().retry(record.key)
    filed(outbox)

    assert [r.key for r in still] == [record.key]
    (ready,) = recorder.backlog().records()
    assert (ready.state, ready.kind, ready.run) == ("READY", "run", run.id)
    recorder.close(0)


def test_held_records_are_released(outbox: MemoryOutbox) -> None:
    recorder = recorder_into(outbox, mode="record")
    with recorder.run("agent", target=HOME):
        pass
    backlog = backlog_of(recorder)

    assert (backlog.release(), backlog.release()) == (1, 0)
    assert recorder.status().held == 0
    recorder.close(0)


def test_what_a_courier_moves_on_meanwhile_is_listed() -> None:
    outbox = SentBack()
    recorder = recorder_into(outbox)
    recorder.start("agent", target=HOME).finish()
    backlog = backlog_of(recorder)
    here = recorder.destination.id
    assert outbox.claim(here, owner="courier", now=1.0, lease=9.0, without=())

    listed = backlog.records()

    assert [record.kind for record in listed] == ["run"]
    recorder.close(0)
