"""Every fault of the way to Keito: nothing is lost, nothing is doubled."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from keito._config import configure
from keito._transport import Transport
from keito.billing import MemoryOutbox, Recorder, Target, Timing
from keito.billing.delivery import Delivery
from keito.testing import LocalKeito, sandbox
from tests.billing.sending import FAST, PATIENCE, keys_at, recorder_to
from tests.billing.test_harmless import wait_until

Answers = Callable[[httpx.Request], httpx.Response]

RUNS = 20
POST: dict[str, Any] = {"method": "POST", "path": "/api/v2/time_entries"}
LISTING: dict[str, Any] = {"method": "GET", "path": "/api/v2/time_entries"}


@pytest.fixture
def recorder(local: LocalKeito, tmp_path: Path) -> Iterator[Recorder]:
    made = recorder_to(local, tmp_path)
    yield made
    made.close(1)


def work(recorder: Recorder, runs: int = RUNS) -> list[str]:
    """Do some runs; return their ids."""
    ids = []
    for _ in range(runs):
        with recorder.run("agent") as run:
            ids.append(run.id)
    return sorted(ids)


def delivered(local: LocalKeito) -> list[str]:
    """The runs that Keito has entries of."""
    metadata = [entry.get("metadata") or {} for entry in local.entries()]
    return sorted(str(said["run_id"]) for said in metadata if "run_id" in said)


def test_a_run_and_its_outcome_reach_keito(recorder: Recorder, local: LocalKeito) -> None:
    with recorder.run("agent") as run:
        key = run.outcome("ticket_resolved", unit_price="0.99")

    assert recorder.flush(PATIENCE) == 0
    assert delivered(local) == [run.id, run.id]
    assert key in keys_at(local)
    assert recorder.status().records == {"DONE": 2}


def failing(status: int, committed: bool) -> Callable[[LocalKeito], object]:
    """Answer each record's first attempt with an error."""

    def inject(local: LocalKeito) -> None:
        local.faults.error(status, committed=committed, times=None, first_attempt=True, **POST)

    return inject


FAULTS: dict[str, Callable[[LocalKeito], object]] = {
    "commit, then drop": lambda k: k.faults.drop(times=None, first_attempt=True, **POST),
    "drop before commit": lambda k: k.faults.drop(
        committed=False, times=None, first_attempt=True, **POST
    ),
    **{
        f"{status} {'after' if committed else 'before'} commit": failing(status, committed)
        for status in (500, 502, 503, 504, 408)
        for committed in (False, True)
    },
    "truncated": lambda k: k.faults.truncate(times=None, first_attempt=True, **POST),
    "a proxy's page": lambda k: k.faults.html(times=None, first_attempt=True, **POST),
    "429": lambda k: k.faults.rate_limit(0, times=None, first_attempt=True, **POST),
    "all sorts": lambda k: [
        k.faults.drop(times=None, probability=0.2, **POST),
        k.faults.error(503, committed=False, times=None, probability=0.2, **POST),
        k.faults.error(504, committed=True, times=None, probability=0.2, **POST),
        k.faults.drop(committed=False, times=None, probability=0.3, **LISTING),
    ],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_loses_or_doubles_a_run(recorder: Recorder, local: LocalKeito, fault: str) -> None:
    FAULTS[fault](local)

    runs = work(recorder)

    assert recorder.flush(PATIENCE) == 0
    assert delivered(local) == runs


@pytest.mark.parametrize("committed", [False, True])
def test_an_answer_that_comes_too_late_is_settled(
    local: LocalKeito, tmp_path: Path, committed: bool
) -> None:
    local.faults.hang(committed=committed, times=3, **POST)
    recorder = recorder_to(local, tmp_path, timing=_with(timeout=0.1))

    runs = work(recorder, 5)

    assert recorder.flush(PATIENCE) == 0
    assert delivered(local) == runs
    recorder.close()


def test_a_commit_that_is_late_but_within_the_settle_time_is_not_doubled(
    local: LocalKeito, tmp_path: Path
) -> None:
    local.faults.late(0.5, times=5, **POST)
    recorder = recorder_to(local, tmp_path, timing=_with(timeout=0.1, settle=1.5))

    runs = work(recorder, 5)

    assert recorder.flush(PATIENCE) == 0
    assert delivered(local) == runs
    recorder.close()


def test_an_outage_only_delays(recorder: Recorder, local: LocalKeito) -> None:
    with local.outage():
        runs = work(recorder)
        # What is being filed at this moment counts twice.
        wait_until(lambda: recorder.flush(0.2) == RUNS)
        wait_until(lambda: recorder.status().last_error is not None)

    assert recorder.flush(PATIENCE) == 0
    assert delivered(local) == runs
    assert recorder.status().last_error is None


def test_nothing_is_sent_sooner_than_keito_asked(recorder: Recorder, local: LocalKeito) -> None:
    local.faults.rate_limit(1, times=1, **POST)

    runs = work(recorder, 3)
    wait_until(lambda: local.requests("POST"))
    recorder.flush(0.3)

    assert len(local.requests("POST")) == 1
    assert recorder.flush(PATIENCE) == 0
    assert delivered(local) == runs


def test_one_listing_settles_all_the_records_of_a_project_and_day(
    local: LocalKeito, tmp_path: Path
) -> None:
    local.faults.error(502, committed=True, times=10, **POST)
    recorder = recorder_to(local, tmp_path, timing=_with(settle=1.5, backoff=0.0))

    work(recorder, 10)

    assert recorder.flush(PATIENCE) == 0
    assert len(local.requests("GET")) <= 3
    assert len(local.requests("POST")) == 10
    recorder.close()


def test_a_record_that_can_not_be_found_is_looked_for_twice_before_it_is_sent_again(
    recorder: Recorder, local: LocalKeito
) -> None:
    local.faults.error(502, committed=False, times=1, **POST)

    work(recorder, 1)

    assert recorder.flush(PATIENCE) == 0
    methods = [request.method for request in local.requests()]
    assert methods == ["POST", "GET", "GET", "POST"]


def test_a_record_is_not_sent_again_while_keito_can_not_be_asked(
    recorder: Recorder, local: LocalKeito
) -> None:
    local.faults.error(502, committed=True, times=1, **POST)
    unanswered = local.faults.error(503, times=None, **LISTING)

    work(recorder, 1)
    recorder.flush(1.5)
    posts = len(local.requests("POST"))
    local.faults.clear()

    assert unanswered is not None
    assert posts == 1
    assert recorder.flush(PATIENCE) == 0
    assert len(keys_at(local)) == 1


def test_a_refused_record_is_parked_and_does_not_keep_the_others(
    local: LocalKeito, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = recorder_to(local, tmp_path)
    nowhere = Target(project_id="prj_nowhere", task_id=local.task_id)

    recorder.start("lost", target=nowhere).finish()
    runs = work(recorder, 2)

    assert recorder.flush(PATIENCE) == 0
    assert delivered(local) == runs
    assert recorder.status().records["PARKED"] == 1
    assert "refuses a record" in caplog.text
    recorder.close()


def test_a_refused_key_holds_everything_and_loses_nothing(
    local: LocalKeito, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    local.faults.error(401, committed=False, times=1, **POST)
    recorder = recorder_to(local, tmp_path)

    runs = work(recorder, 3)
    while not recorder.status().holds:
        time.sleep(0.01)
    attempts = len(local.requests("POST"))

    assert attempts == 1
    assert "refuses the API key" in caplog.text
    assert recorder.flush(PATIENCE) == 0
    assert delivered(local) == runs
    recorder.close()


def test_a_forbidden_project_holds_only_its_own_records(local: LocalKeito, tmp_path: Path) -> None:
    local.faults.error(403, committed=False, times=1, **POST)
    recorder = recorder_to(local, tmp_path, timing=_with(hold=3600.0))
    other = Target(project_id="prj_globex_leads", task_id=local.task_id)

    work(recorder, 1)
    while not recorder.status().holds:
        time.sleep(0.01)
    work(recorder, 1)
    recorder.start("agent", target=other).finish()
    left = recorder.flush(1.0)

    assert recorder.status().holds == (f"project {local.project_id}",)
    assert left == 2
    recorder.close(0.1)


@pytest.fixture
def scripted(local: LocalKeito, tmp_path: Path) -> Iterator[Callable[[Answers], Recorder]]:
    """Deliver one run by hand, with answers that no healthy server gives."""
    recorder = recorder_to(local, tmp_path, outbox=MemoryOutbox(), courier="external")
    delivery: list[Delivery] = []

    def deliver(answers: Answers) -> Recorder:
        http = httpx.Client(transport=httpx.MockTransport(answers))
        transport = Transport(configure(**local.client_settings), http)
        delivery.append(
            Delivery(
                recorder._recording.opened(),
                recorder.destination,
                owner="me",
                timing=FAST,
                transport=transport,
            )
        )
        work(recorder, 1)
        while delivery[0].step() == 0.0:
            pass
        http.close()
        return recorder

    yield deliver
    recorder.close(0)


def test_what_keito_changed_is_noticed(
    scripted: Callable[[Answers], Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        return httpx.Response(200, json={**sent, "id": "ent_1", "hours": 1, "billable": False})

    recorder = scripted(answer)

    assert recorder.status().records == {"DONE": 1}
    assert "stored another hours, billable than was sent" in caplog.text


@pytest.mark.parametrize(
    "body", ["{}", "[]", "null", '{"id": "ent_1"}', '{"metadata": {"keito_key": "other"}}']
)
def test_a_success_without_our_key_proves_nothing(
    scripted: Callable[[Answers], Recorder], body: str
) -> None:
    recorder = scripted(lambda request: httpx.Response(200, text=body))

    assert recorder.status().records == {"AMBIGUOUS": 1}


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_what_keito_will_never_take_is_parked(
    scripted: Callable[[Answers], Recorder], status: int
) -> None:
    recorder = scripted(lambda request: httpx.Response(status))

    assert recorder.status().records == {"PARKED": 1}


@pytest.mark.parametrize("status", [401, 403, 429])
def test_what_keito_may_take_later_stays_ready(
    scripted: Callable[[Answers], Recorder], status: int
) -> None:
    recorder = scripted(lambda request: httpx.Response(status))

    assert recorder.status().records == {"READY": 1}


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
def test_what_may_have_been_carried_out_is_ambiguous(
    scripted: Callable[[Answers], Recorder], status: int
) -> None:
    recorder = scripted(lambda request: httpx.Response(status))

    assert recorder.status().records == {"AMBIGUOUS": 1}


def test_two_couriers_on_one_outbox_send_each_record_once(
    local: LocalKeito, tmp_path: Path
) -> None:
    first, second = recorder_to(local, tmp_path), recorder_to(local, tmp_path)
    local.faults.error(502, committed=True, times=5, **POST)

    runs = sorted([*work(first), *work(second)])

    assert first.flush(PATIENCE) == second.flush(PATIENCE) == 0
    assert delivered(local) == runs
    first.close()
    second.close()


def test_records_of_another_destination_are_left_alone(local: LocalKeito, tmp_path: Path) -> None:
    with sandbox() as elsewhere:
        theirs = recorder_to(elsewhere, tmp_path, courier="external")
        work(theirs, 2)
        ours = recorder_to(local, tmp_path)
        runs = work(ours, 2)

        assert ours.flush(PATIENCE) == 0
        assert delivered(local) == runs
        assert delivered(elsewhere) == []
        assert theirs.flush(0) == 2
        ours.close()
        theirs.close(0)


def test_what_one_process_left_the_next_delivers(local: LocalKeito, tmp_path: Path) -> None:
    first = recorder_to(local, tmp_path, courier="external")
    runs = work(first)
    first.close(0)

    second = recorder_to(local, tmp_path)

    assert second.flush(PATIENCE) == 0
    assert delivered(local) == runs
    second.close()


def _with(**changes: Any) -> Timing:
    return replace(FAST, **changes)
