"""Records of every kind on the way to Keito: entries, told time, outcomes, expenses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from keito import _json
from keito.billing import Recorder, Target
from keito.billing.outbox.record import Record
from keito.testing import LocalKeito
from tests.billing.sending import FAST, PATIENCE, recorder_to

EXPENSES: dict[str, Any] = {"method": "POST", "path": "/api/v2/expenses"}
LISTING: dict[str, Any] = {"method": "GET", "path": "/api/v2/expenses"}
CATEGORY = "cat_hosting"


@pytest.fixture
def recorder(local: LocalKeito, tmp_path: Path) -> Iterator[Recorder]:
    made = recorder_to(local, tmp_path)
    yield made
    made.close(1)


def spend(recorder: Recorder, times: int = 10) -> list[str]:
    """Have some expenses in a run; return their keys."""
    with recorder.run("agent") as run:
        return sorted(run.expense(CATEGORY, total_cost="0.30") for _ in range(times))


def expense_keys(local: LocalKeito) -> list[str]:
    """The keys of the expenses that Keito has."""
    return sorted(str((e["metadata"] or {}).get("keito_key")) for e in local.expenses())


def record(recorder: Recorder, key: str) -> Record:
    """What the outbox says of a record."""
    found = recorder._recording.opened().find(key)
    assert found is not None
    return found


def test_a_run_is_delivered_with_all_it_told(recorder: Recorder, local: LocalKeito) -> None:
    with recorder.run("agent") as run:
        outcome = run.outcome("ticket_resolved", unit_price="0.99")
        told = run.log_time("0.25")
        spent = run.expense(CATEGORY, total_cost="0.30", name="search")

    assert recorder.flush(PATIENCE) == 0
    entries = {(e["metadata"] or {}).get("keito_key"): e for e in local.entries()}
    assert {outcome, told} <= set(entries)
    assert entries[told]["hours"] == Decimal("0.25")
    (expense,) = local.expenses()
    assert expense["metadata"]["keito_key"] == spent
    assert expense["metadata"]["run_id"] == run.id
    assert (expense["total_cost"], expense["billable"]) == (Decimal("0.30"), True)


def test_what_keito_answered_is_kept_with_the_record(recorder: Recorder, local: LocalKeito) -> None:
    (key,) = spend(recorder, 1)
    assert recorder.flush(PATIENCE) == 0

    stored = record(recorder, key)

    (expense,) = local.expenses()
    echo = _json.loads(stored.echo)
    assert isinstance(echo, dict)
    assert (stored.remote, echo["id"]) == (expense["id"], expense["id"])
    assert echo["total_cost"] == Decimal("0.30")
    assert echo["metadata"]["keito_key"] == key
    assert "updated_at" not in echo


def test_what_a_listing_showed_is_kept_with_the_record(
    recorder: Recorder, local: LocalKeito
) -> None:
    local.faults.drop(**EXPENSES)

    (key,) = spend(recorder, 1)

    assert recorder.flush(PATIENCE) == 0
    stored = record(recorder, key)
    assert stored.remote == local.expenses()[0]["id"]
    assert '"total_cost":0.30' in stored.echo


def failing(status: int, committed: bool) -> Callable[[LocalKeito], object]:
    """Answer each expense's first attempt with an error."""

    def inject(local: LocalKeito) -> None:
        local.faults.error(status, committed=committed, times=None, first_attempt=True, **EXPENSES)

    return inject


FAULTS: dict[str, Callable[[LocalKeito], object]] = {
    "commit, then drop": lambda k: k.faults.drop(times=None, first_attempt=True, **EXPENSES),
    "drop before commit": lambda k: k.faults.drop(
        committed=False, times=None, first_attempt=True, **EXPENSES
    ),
    **{
        f"{status} {'after' if committed else 'before'} commit": failing(status, committed)
        for status in (500, 503, 504, 408)
        for committed in (False, True)
    },
    "truncated": lambda k: k.faults.truncate(times=None, first_attempt=True, **EXPENSES),
    "a proxy's page": lambda k: k.faults.html(times=None, first_attempt=True, **EXPENSES),
    "429": lambda k: k.faults.rate_limit(0, times=None, first_attempt=True, **EXPENSES),
    "all sorts": lambda k: [
        k.faults.drop(times=None, probability=0.2, **EXPENSES),
        k.faults.error(503, committed=False, times=None, probability=0.2, **EXPENSES),
        k.faults.error(504, committed=True, times=None, probability=0.2, **EXPENSES),
        k.faults.drop(committed=False, times=None, probability=0.3, **LISTING),
    ],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_loses_or_doubles_an_expense(
    recorder: Recorder, local: LocalKeito, fault: str
) -> None:
    FAULTS[fault](local)

    keys = spend(recorder)

    assert recorder.flush(PATIENCE) == 0
    assert expense_keys(local) == keys


@pytest.mark.parametrize("committed", [False, True])
def test_an_expense_whose_answer_comes_too_late_is_settled(
    local: LocalKeito, tmp_path: Path, committed: bool
) -> None:
    local.faults.hang(committed=committed, times=2, **EXPENSES)
    recorder = recorder_to(local, tmp_path, timing=replace(FAST, timeout=0.1))

    keys = spend(recorder, 3)

    assert recorder.flush(PATIENCE) == 0
    assert expense_keys(local) == keys
    recorder.close()


def test_entries_and_expenses_of_a_day_are_looked_up_in_their_own_lists(
    recorder: Recorder, local: LocalKeito
) -> None:
    local.faults.error(502, committed=True, times=2, first_attempt=True, method="POST")

    keys = spend(recorder, 1)

    assert recorder.flush(PATIENCE) == 0
    assert expense_keys(local) == keys
    paths = {request.path for request in local.requests("GET")}
    assert paths == {"/api/v2/expenses", "/api/v2/time_entries"}


def test_a_refused_expense_is_parked_and_the_run_is_not(
    recorder: Recorder, local: LocalKeito
) -> None:
    with recorder.run("agent") as run:
        key = run.expense("cat_none", total_cost=1)

    assert recorder.flush(PATIENCE) == 0
    parked = record(recorder, key)
    assert (parked.state, parked.reason) == (
        "PARKED",
        "HTTP 404 not found: expense category cat_none was not found",
    )
    assert run.id in {(e["metadata"] or {}).get("run_id") for e in local.entries()}


def test_a_cost_that_keito_changed_is_noticed(
    recorder: Recorder, local: LocalKeito, caplog: pytest.LogCaptureFixture
) -> None:
    unbilled = Target(project_id="prj_own", task_id=local.task_id)

    with recorder.run("agent", target=unbilled) as run:
        key = run.expense(CATEGORY, total_cost="0.30")

    assert recorder.flush(PATIENCE) == 0
    assert record(recorder, key).reason == "changed_by_server: billable"
    assert "Keito stored another billable than was sent" in caplog.text
