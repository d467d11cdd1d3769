# Generated from tests/client/_async/test_faults.py: change that, then run `make fix`.
"""Direct calls under faults, against the local Keito over real HTTP.

Whatever happens, nothing is doubled. What the table lets a retry save is saved; the rest is
raised, with the truth about whether it may have been applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from keito import (
    Keito,
    KeitoConnectionError,
    KeitoError,
    KeitoServerError,
    KeitoTimeoutError,
)
from keito.testing import LocalKeito, sandbox
from tests.client.together import together

CREATES = 50
Inject = Callable[[LocalKeito], object]
Each: dict[str, Any] = {"times": None, "first_attempt": True, "path": "/api/v2/*"}

SAVED: dict[str, Inject] = {
    "commit, then drop": lambda local: local.faults.drop(**Each),
    "500 before commit": lambda local: local.faults.error(500, **Each),
    "503 before commit": lambda local: local.faults.error(503, **Each),
    "500 after commit": lambda local: local.faults.error(500, committed=True, **Each),
    "502 after commit": lambda local: local.faults.error(502, committed=True, **Each),
    "503 after commit": lambda local: local.faults.error(503, committed=True, **Each),
    "504 after commit": lambda local: local.faults.error(504, committed=True, **Each),
    "timeout after commit": lambda local: local.faults.hang(committed=True, **Each),
    "truncated body": lambda local: local.faults.truncate(**Each),
    "page of a proxy": lambda local: local.faults.html(**Each),
    "429 with seconds": lambda local: local.faults.rate_limit(1, **Each),
    "429 with a date": lambda local: local.faults.rate_limit(1, as_date=True, **Each),
    "refused for a while": lambda local: local.outage(0.2),
}
RAISED: dict[str, tuple[Inject, type[KeitoError]]] = {
    "drop before commit": (
        lambda local: local.faults.drop(committed=False, **Each),
        KeitoConnectionError,
    ),
    "502 before commit": (lambda local: local.faults.error(502, **Each), KeitoServerError),
    "504 before commit": (lambda local: local.faults.error(504, **Each), KeitoServerError),
    "timeout before commit": (
        lambda local: local.faults.hang(committed=False, **Each),
        KeitoTimeoutError,
    ),
}


@contextmanager
def connected(local: LocalKeito, timeout: float = 30.0) -> Iterator[Keito]:
    with Keito(**local.client_settings, timeout=timeout) as keito:
        quick = replace(keito._sender.policy, first_delay=0.05, chance=lambda: 1.0)
        keito._sender.policy = quick
        yield keito


def patience(fault: str) -> float:
    return 0.25 if fault.startswith("timeout") else 30.0


def create(keito: Keito, number: int, settle: float | None = None) -> str:
    entry = keito.time_entries.create(
        project_id="prj_acme_support",
        task_id="tsk_agent_run",
        spent_date="2026-03-05",
        hours="0.1",
        notes=str(number),
        settle=settle,
    )
    return entry.id


def spend(keito: Keito, number: int) -> str:
    expense = keito.expenses.create(
        project_id="prj_acme_support",
        expense_category_id="cat_llm_usage",
        spent_date="2026-03-05",
        total_cost="0.1",
        notes=str(number),
    )
    return expense.id


def log(keito: Keito, number: int) -> str:
    entry = keito.outcomes.log(
        project_id="prj_acme_support",
        task_id="tsk_agent_run",
        outcome_type="ticket_resolved",
        description=str(number),
        unit_price="0.99",
    )
    return entry.id


def numbers(records: list[dict[str, Any]]) -> list[int]:
    return sorted(int(record["notes"]) for record in records)


@pytest.mark.parametrize("fault", SAVED)
def test_what_the_table_lets_a_retry_save_is_there_once(fault: str) -> None:
    with sandbox() as local:
        SAVED[fault](local)
        with connected(local, patience(fault)) as keito:
            ids = together(lambda number: create(keito, number), CREATES)

        entries = local.entries()

    assert numbers(entries) == list(range(CREATES))
    assert sorted(ids) == sorted(entry["id"] for entry in entries)


@pytest.mark.parametrize("fault", RAISED)
def test_what_may_have_been_applied_is_raised_and_not_repeated(fault: str) -> None:
    inject, expected = RAISED[fault]

    def refused(keito: Keito, number: int) -> KeitoError:
        with pytest.raises(KeitoError) as raised:
            create(keito, number)
        return raised.value

    with sandbox() as local:
        inject(local)
        with connected(local, patience(fault)) as keito:
            errors = together(lambda number: refused(keito, number), CREATES)

        assert local.entries() == []
        assert len(local.requests("POST")) == CREATES
    assert {type(error) for error in errors} == {expected}
    assert all(error.may_have_been_applied for error in errors)


@pytest.mark.parametrize("fault", RAISED)
def test_a_settle_time_saves_them_too(fault: str) -> None:
    inject, _ = RAISED[fault]

    with sandbox() as local:
        inject(local)
        with connected(local, patience(fault)) as keito:
            together(lambda number: create(keito, number, settle=0.5), CREATES)

        entries = local.entries()

    assert numbers(entries) == list(range(CREATES))


def test_a_late_commit_within_the_settle_time_is_not_doubled() -> None:
    with sandbox() as local:
        local.faults.late(0.2, **Each)
        with connected(local) as keito:
            together(lambda number: create(keito, number, settle=3.0), 50)

        entries = local.entries()

    assert numbers(entries) == list(range(50))


@pytest.mark.parametrize("fault", ["commit, then drop", "500 before commit", "502 after commit"])
def test_expenses_and_outcomes_are_as_safe(fault: str) -> None:
    with sandbox() as local:
        SAVED[fault](local)
        with connected(local) as keito:
            together(lambda number: spend(keito, number), 50)
            together(lambda number: log(keito, number), 50)

        assert numbers(local.expenses()) == list(range(50))
        assert numbers(local.entries()) == list(range(50))


def test_a_timer_whose_answer_was_lost_runs_once() -> None:
    with sandbox() as local:
        local.faults.drop(**Each)
        with connected(local) as keito:
            timer = keito.time_entries.start_timer(
                project_id="prj_acme_support", task_id="tsk_agent_run"
            )

        assert [entry["id"] for entry in local.entries()] == [timer.id]


def test_an_outage_longer_than_the_retries_raises_and_nothing_was_applied() -> None:
    with sandbox() as local:
        outage = local.outage()
        with connected(local) as keito:
            with outage, pytest.raises(KeitoConnectionError) as raised:
                create(keito, 1)

        assert local.entries() == []
    assert raised.value.may_have_been_applied is False
