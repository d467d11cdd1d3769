"""The audit's rules for what is added up, on books that are made up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.chaos.books import audit, promised
from tests.chaos.work import LATE_TOKENS, WAITING, cost_of

NOTES: list[dict[str, Any]] = [
    {"did": "start", "run": "r", "agent": "a", "tokens": 7},
    {"did": "finish", "run": "r", "tokens": 7},
    {"did": "start", "run": "s", "agent": "a", "tokens": 5},
    {"did": "finish", "run": "s", "tokens": 5},
]
ALONE = {
    "hours": "0.5",
    "metadata": {
        "keito_key": "s",
        "run_id": "s",
        "time_basis": "wall",
        "status": "ok",
        "tokens_in": 5,
    },
}


def total(key: str = "k", *, hours: str = "1", **metadata: Any) -> dict[str, Any]:
    said = {
        "keito_key": key,
        "granularity": "day",
        "agent_id": "a",
        "runs": 2,
        "tokens_in": 12,
        "cost_usd": cost_of(12),
    }
    return {"hours": hours, "billable": True, "metadata": {**said, **metadata}}


def part(key: str, run: int) -> dict[str, Any]:
    return total(key, hours="0.5", runs=1, tokens_in=run, cost_usd=cost_of(run))


def test_a_total_that_says_what_its_runs_add_up_to_is_clean() -> None:
    found = audit(promised(NOTES), [total()], [])

    assert found.clean
    assert (found.acknowledged, found.booked) == (2, 2)


def test_several_totals_of_an_agent_are_added_up() -> None:
    found = audit(promised(NOTES), [part("k", 7), part("k2", 5)], [])

    assert found.clean


def test_a_run_that_is_recorded_by_itself_is_in_no_total() -> None:
    apart = audit(promised(NOTES), [part("k", 7), ALONE], [])
    twice = audit(promised(NOTES), [total(), ALONE], [])

    assert apart.clean
    assert twice.doubled == ["runs of a: 2 are added up and not 1"]


def test_a_run_that_no_total_has_is_lost() -> None:
    assert audit(promised(NOTES), [part("k", 7)], []).lost == [
        "runs of a: 1 are added up and not 2"
    ]
    assert audit(promised(NOTES), [], []).lost == ["runs of a: 0 are added up and not 2"]


def test_a_total_that_is_there_twice_is_doubled() -> None:
    found = audit(promised(NOTES), [part("k", 7), part("k", 7)], [])

    assert found.doubled == ["a total of a: 2 entries of key k"]


def test_a_total_of_runs_that_nobody_started_is_doubled() -> None:
    assert audit(promised([]), [total()], []).doubled


@pytest.mark.parametrize(
    "entry",
    [
        total(tokens_in=13),
        total(tokens_in=12 + LATE_TOKENS),
        total(cost_usd=Decimal("0.013")),
        total(hours="1.5"),
    ],
)
def test_a_total_that_says_something_else_is_wrong(entry: dict[str, Any]) -> None:
    found = audit(promised(NOTES), [entry], [])

    assert len(found.wrong) == 1


@pytest.mark.parametrize("known_before", [False, True])
def test_a_total_without_its_cost_is_wrong_unless_a_call_may_never_have_reported(
    known_before: bool,
) -> None:
    entry, late = total(cost_usd=None), total(agent_id=WAITING, cost_usd=None)
    if not known_before:
        del entry["metadata"]["cost_usd"], late["metadata"]["cost_usd"]

    without = audit(promised(NOTES), [entry], [])
    waiting = audit(promised([{**note, "agent": WAITING} for note in NOTES]), [late], [])

    assert len(without.wrong) == 1
    assert waiting.clean


def test_a_late_call_that_was_told_has_to_be_in_a_total() -> None:
    notes = [*NOTES, {"did": "reports", "run": "r"}, {"did": "late", "run": "r"}]
    tokens = 12 + LATE_TOKENS

    without = audit(promised(notes), [total()], [])
    with_it = audit(promised(notes), [total(tokens_in=tokens, cost_usd=cost_of(tokens))], [])

    assert len(without.wrong) == 1
    assert with_it.clean


def test_a_late_call_whose_report_was_cut_off_may_be_in_a_total_or_not() -> None:
    notes = [*NOTES, {"did": "reports", "run": "r"}]
    tokens = 12 + LATE_TOKENS

    without = audit(promised(notes), [total()], [])
    with_it = audit(promised(notes), [total(tokens_in=tokens, cost_usd=cost_of(tokens))], [])

    assert without.clean
    assert with_it.clean
