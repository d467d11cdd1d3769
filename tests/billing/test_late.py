"""Model calls that are reported after their run's entry was made: the entry is corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from keito import Keito
from keito._request import Request
from keito._transport import Outcome, Transport
from keito.billing import Recorder, Target, Usage
from keito.billing.calls import ModelCall
from keito.billing.delivery import Delivery
from keito.billing.outbox.record import Record
from keito.billing.outbox.sqlite import SqliteOutbox
from keito.billing.run import Run
from keito.testing import LocalKeito
from tests.billing.sending import FAST, PATIENCE, keys_at, recorder_to
from tests.billing.test_harmless import wait_until

PATCH: dict[str, Any] = {"method": "PATCH", "path": "/api/v2/time_entries/*"}
LISTING: dict[str, Any] = {"method": "GET", "path": "/api/v2/time_entries"}
USED = Usage(model="m", input_tokens=7, output_tokens=3, reported_cost_usd=Decimal("0.5"))


@pytest.fixture
def recorder(local: LocalKeito, tmp_path: Path) -> Iterator[Recorder]:
    made = recorder_to(local, tmp_path)
    yield made
    made.close(1)


def delivered(recorder: Recorder, calls: int = 1) -> tuple[Run, list[ModelCall]]:
    """A run that is in Keito, with calls still open."""
    run = recorder.start("agent")
    open_calls = [run.model_start(str(number), model="m") for number in range(calls)]
    run.finish()
    assert recorder.flush(PATIENCE) == 0
    return run, open_calls


def entry(local: LocalKeito) -> dict[str, Any]:
    """The only entry that an agent has made."""
    (found,) = [e for e in local.entries() if "keito_key" in (e["metadata"] or {})]
    return found


def metadata(local: LocalKeito) -> dict[str, Any]:
    said: dict[str, Any] = entry(local)["metadata"]
    return said


def corrections(recorder: Recorder, run: Run) -> list[Record]:
    """What the outbox says of a run's corrections, oldest first."""
    of_run = recorder._recording.opened().of_run(run.id)
    return [record for record in of_run if record.kind == "correction"]


def states(recorder: Recorder, run: Run) -> list[tuple[str, str]]:
    return [(record.state, record.reason) for record in corrections(recorder, run)]


def test_a_late_call_is_added_to_its_entry(recorder: Recorder, local: LocalKeito) -> None:
    _, (call,) = delivered(recorder)
    before = entry(local)

    call.end(USED)

    assert recorder.flush(PATIENCE) == 0
    after = entry(local)
    assert before["metadata"]["usage_incomplete"] is True
    assert after["metadata"]["usage_incomplete"] is False
    assert (after["metadata"]["tokens_in"], after["metadata"]["tokens_out"]) == (7, 3)
    assert after["metadata"]["cost_usd"] == Decimal("0.5")
    assert after["metadata"]["llm_calls_unpriced"] == 0
    for unchanged in ("hours", "billable", "notes", "spent_date"):
        assert after[unchanged] == before[unchanged]


def test_a_correction_says_only_what_was_used(recorder: Recorder, local: LocalKeito) -> None:
    run, (call,) = delivered(recorder)

    call.end(USED)

    assert recorder.flush(PATIENCE) == 0
    (correction,) = corrections(recorder, run)
    assert '"metadata"' in correction.payload
    for never in ("hours", "seconds", "ended_at", "status", "notes", "billable"):
        assert f'"{never}' not in correction.payload
    assert (correction.state, correction.after) == ("DONE", metadata(local)["keito_key"])
    assert correction.remote == entry(local)["id"]


def test_each_of_two_late_calls_is_added(recorder: Recorder, local: LocalKeito) -> None:
    run, (first, second) = delivered(recorder, 2)

    first.end(USED)
    assert recorder.flush(PATIENCE) == 0
    halfway = metadata(local)
    second.end(replace(USED, model="other"))

    assert recorder.flush(PATIENCE) == 0
    assert (halfway["tokens_in"], halfway["usage_incomplete"]) == (7, True)
    assert "cost_usd" not in halfway
    assert (metadata(local)["tokens_in"], metadata(local)["usage_incomplete"]) == (14, False)
    assert metadata(local)["cost_usd"] == Decimal("1.0")
    assert set(metadata(local)["models"]) == {"m", "other"}
    assert [record.state for record in corrections(recorder, run)] == ["DONE", "DONE"]


def test_what_comes_late_while_its_entry_is_not_sent_yet_waits_for_it(
    recorder: Recorder, local: LocalKeito
) -> None:
    with local.outage():
        run = recorder.start("agent")
        call = run.model_start("1", model="m")
        run.finish()
        wait_until(lambda: recorder.flush(0.2) == 1)
        call.end(USED)
        wait_until(lambda: recorder.flush(0.3) == 2)

    assert recorder.flush(PATIENCE) == 0
    assert metadata(local)["tokens_in"] == 7


def test_a_call_that_has_nothing_new_to_say_makes_no_correction(
    recorder: Recorder, local: LocalKeito
) -> None:
    run, (call,) = delivered(recorder)

    call.end(None)

    assert recorder.flush(PATIENCE) == 0
    assert corrections(recorder, run) == []
    assert local.requests("PATCH") == []


def test_a_run_that_nobody_routed_keeps_its_correction_with_it(
    local: LocalKeito, tmp_path: Path
) -> None:
    recorder = recorder_to(local, tmp_path, target=None)
    run = recorder.start("agent")
    call = run.model_start("1", model="m")
    run.finish()
    recorder.flush(1)

    call.end(USED)
    recorder.flush(1)

    (correction,) = corrections(recorder, run)
    assert (correction.state, correction.payload) == ("UNROUTED", "")
    assert local.requests() == []

    home = Target(project_id=local.project_id, task_id=local.task_id)
    recorder.backlog().assign(run.id, home)

    assert recorder.flush(PATIENCE) == 0
    assert metadata(local)["tokens_in"] == 7
    assert [record.state for record in corrections(recorder, run)] == ["DONE"]
    recorder.close()


def edit(field: str, value: Any) -> Callable[[LocalKeito, str], object]:
    def touch(local: LocalKeito, id: str) -> None:
        with Keito(**local.client_settings) as keito:
            keito.time_entries.update(id, **{field: value})

    return touch


def delete(local: LocalKeito, id: str) -> None:
    with Keito(**local.client_settings) as keito:
        keito.time_entries.delete(id)


TOUCHED: dict[str, tuple[Callable[[LocalKeito, str], object], str]] = {
    "locked": (lambda k, id: k.lock(id), "late_after_lock: locked"),
    "billed": (lambda k, id: k.bill(id), "late_after_lock: billed"),
    "approved": (lambda k, id: k.approve(id), "late_after_lock: approved"),
    "hours": (edit("hours", Decimal("0.25")), "late_after_edit: changed hours"),
    "notes": (edit("notes", "Reviewed"), "late_after_edit: changed notes"),
    "billable": (edit("billable", False), "late_after_edit: changed billable"),
    "task": (edit("task_id", "tsk_support"), "late_after_edit: changed task_id"),
    "our metadata": (edit("metadata", {"tokens_in": 99}), "late_after_edit: changed tokens_in"),
    "deleted": (delete, "deleted: the entry is not on its project and day any more"),
    "another day": (
        edit("spent_date", "2026-01-02"),
        "deleted: the entry is not on its project and day any more",
    ),
}


@pytest.mark.parametrize("touched", TOUCHED)
def test_an_entry_that_a_person_has_touched_is_never_overwritten(
    recorder: Recorder, local: LocalKeito, touched: str, caplog: pytest.LogCaptureFixture
) -> None:
    touch, reason = TOUCHED[touched]
    run, (call,) = delivered(recorder)
    touch(local, entry(local)["id"])
    before = local.entries()

    call.end(USED)

    assert recorder.flush(PATIENCE) == 0
    assert states(recorder, run) == [("PARKED", reason)]
    assert local.entries() == before
    # The courier says so once it is on the disk, which is what the flush has waited for.
    recorder.close(PATIENCE)
    assert "please look at it" in caplog.text


def test_metadata_that_a_person_added_is_theirs_and_stays(
    recorder: Recorder, local: LocalKeito
) -> None:
    _, (call,) = delivered(recorder)
    edit("metadata", {"reviewed_by": "ada"})(local, entry(local)["id"])

    call.end(USED)

    assert recorder.flush(PATIENCE) == 0
    assert (metadata(local)["tokens_in"], metadata(local)["reviewed_by"]) == (7, "ada")


def test_an_entry_that_is_locked_between_the_look_and_the_correction_is_parked(
    recorder: Recorder, local: LocalKeito, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, (call,) = delivered(recorder)
    exchange = Transport.exchange

    def lock_after_the_look(itself: Transport, request: Request[Any], **settings: Any) -> Outcome:
        met = exchange(itself, request, **settings)
        if request.method == "GET":
            local.lock(entry(local)["id"])
        return met

    monkeypatch.setattr(Transport, "exchange", lock_after_the_look)

    call.end(USED)

    assert recorder.flush(PATIENCE) == 0
    assert states(recorder, run) == [("PARKED", "late_after_lock: locked")]
    assert [r.status for r in local.requests("PATCH")] == [403]
    assert recorder.status().holds == ()


def test_a_list_that_is_behind_makes_no_one_believe_that_a_person_was_at_work(
    local: LocalKeito, tmp_path: Path
) -> None:
    recorder = recorder_to(local, tmp_path, timing=replace(FAST, settle=1.0))
    run, (first, second) = delivered(recorder, 2)
    local.faults.stale(0.8, **LISTING)

    first.end(USED)
    second.end(USED)

    assert recorder.flush(PATIENCE) == 0
    assert [record.state for record in corrections(recorder, run)] == ["DONE", "DONE"]
    assert metadata(local)["tokens_in"] == 14
    recorder.close()


class Behind(SqliteOutbox):
    """What a courier sees that has read a correction before another courier delivered it."""

    read: Record

    def ambiguous(self, destination: str) -> list[Record]:
        return [self.read]


def test_a_courier_that_was_overtaken_sends_nobody_to_look_at_the_entry(
    recorder: Recorder, local: LocalKeito, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run, (call,) = delivered(recorder)
    call.end(USED)
    assert recorder.flush(PATIENCE) == 0
    (done,) = corrections(recorder, run)
    edit("metadata", {"tokens_in": 99})(local, entry(local)["id"])
    outbox = Behind(tmp_path / "outbox.db")
    outbox.read = replace(done, state="AMBIGUOUS", fence=done.fence - 1, since=0.0)
    courier = Delivery(outbox, recorder.destination, owner="behind", timing=FAST)

    courier.step()

    assert corrections(recorder, run) == [done]
    assert "please look at it" not in caplog.text
    courier.close()
    outbox.close()


def failing(status: int, committed: bool) -> Callable[[LocalKeito], object]:
    return lambda local: local.faults.error(status, committed=committed, times=2, **PATCH)


FAULTS: dict[str, Callable[[LocalKeito], object]] = {
    "commit, then drop": lambda k: k.faults.drop(times=2, **PATCH),
    "drop before commit": lambda k: k.faults.drop(committed=False, times=2, **PATCH),
    **{
        f"{status} {'after' if committed else 'before'} commit": failing(status, committed)
        for status in (500, 503, 504)
        for committed in (False, True)
    },
    "no answer after commit": lambda k: k.faults.hang(times=1, **PATCH),
    "no answer before commit": lambda k: k.faults.hang(committed=False, times=1, **PATCH),
    "truncated": lambda k: k.faults.truncate(**PATCH),
    "a proxy's page": lambda k: k.faults.html(**PATCH),
    "429": lambda k: k.faults.rate_limit(0, times=2, **PATCH),
    "401": lambda k: k.faults.error(401, **PATCH),
    "403": lambda k: k.faults.error(403, times=3, **PATCH),
    "the look fails": lambda k: k.faults.error(500, times=3, **LISTING),
    "the look is refused": lambda k: k.faults.error(401, times=1, **LISTING),
    "too many looks": lambda k: k.faults.rate_limit(0, times=2, **LISTING),
    "a page instead of a list": lambda k: k.faults.html(times=2, **LISTING),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_loses_a_correction(recorder: Recorder, local: LocalKeito, fault: str) -> None:
    run, calls = delivered(recorder, 3)
    FAULTS[fault](local)

    for call in calls:
        call.end(USED)

    assert recorder.flush(PATIENCE) == 0
    assert {record.state for record in corrections(recorder, run)} == {"DONE"}
    assert (metadata(local)["tokens_in"], metadata(local)["cost_usd"]) == (21, Decimal("1.5"))


def test_a_correction_whose_look_fails_holds_up_no_other_record(
    recorder: Recorder, local: LocalKeito
) -> None:
    _, (call,) = delivered(recorder)
    local.faults.error(500, times=None, **LISTING)

    call.end(USED)
    with recorder.run("other"):
        pass

    wait_until(lambda: len(keys_at(local)) == 2)


def test_a_correction_of_a_refused_entry_is_parked_with_it(
    local: LocalKeito, tmp_path: Path
) -> None:
    nowhere = Target(project_id="prj_nowhere", task_id=local.task_id)
    recorder = recorder_to(local, tmp_path, target=nowhere)
    with local.outage():
        run = recorder.start("agent")
        before, after = run.model_start("1", model="m"), run.model_start("2", model="m")
        run.finish()
        wait_until(lambda: recorder.flush(0.2) == 1)
        before.end(USED)
        wait_until(lambda: recorder.flush(0.3) == 2)

    assert recorder.flush(PATIENCE) == 0
    after.end(USED)

    assert recorder.flush(PATIENCE) == 0
    assert states(recorder, run) == [("PARKED", "after_parked")] * 2
    recorder.close()


def test_corrections_are_sent_when_their_refused_entry_is_sent_once_more(
    recorder: Recorder, local: LocalKeito
) -> None:
    local.faults.error(422, method="POST")
    run, (call,) = delivered(recorder)
    call.end(USED)
    assert recorder.flush(PATIENCE) == 0
    (correction,) = corrections(recorder, run)

    recorder.backlog().retry(correction.after)

    assert recorder.flush(PATIENCE) == 0
    assert metadata(local)["tokens_in"] == 7


def test_what_comes_late_of_a_dropped_entry_is_dropped_with_it(
    recorder: Recorder, local: LocalKeito
) -> None:
    local.faults.error(422, method="POST")
    run, (call,) = delivered(recorder)
    (parked,) = recorder._recording.opened().of_run(run.id)
    recorder.backlog().drop(parked.key, "not ours")

    call.end(USED)

    assert recorder.flush(PATIENCE) == 0
    assert states(recorder, run) == [("DROPPED", "dropped with its entry")]
    assert local.requests("PATCH") == []
