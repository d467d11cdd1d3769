"""What is charged once: jobs within a run, and what is held back beside what is sent."""

from __future__ import annotations

import pytest

from keito.billing import Cap, Contract, MemoryOutbox, Target, bill_to

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
