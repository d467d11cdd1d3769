"""The audit's own rules, on books that are made up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.books import audit, promised
from tests.chaos.work import LATE_TOKENS

NOTES: list[dict[str, Any]] = [
    {"did": "start", "run": "r"},
    {"did": "outcome", "run": "r", "key": "o", "amount": "2.5"},
    {"did": "time", "run": "r", "key": "t", "amount": "0.25"},
    {"did": "expense", "run": "r", "key": "e", "amount": "1.5"},
    {"did": "finish", "run": "r", "tokens": 7},
]


def run(key: str = "k", **metadata: Any) -> dict[str, Any]:
    said = {"keito_key": key, "run_id": "r", "time_basis": "wall", "status": "ok", "tokens_in": 7}
    return {"hours": "0.1", "metadata": {**said, **metadata}}


OUTCOME = {
    "hours": "0",
    "metadata": {"keito_key": "o", "run_id": "r", "outcome_type": "s", "outcome_unit_price": "2.5"},
}
TIME = {"hours": "0.25", "metadata": {"keito_key": "t", "run_id": "r", "time_basis": "told"}}
EXPENSE = {"total_cost": "1.50", "metadata": {"keito_key": "e", "run_id": "r"}}


def test_books_that_have_everything_once_are_clean() -> None:
    found = audit(promised(NOTES), [run(), OUTCOME, TIME, {"hours": "8"}], [EXPENSE])

    assert found.clean
    assert (found.acknowledged, found.booked, found.unacknowledged) == (4, 4, 0)


@pytest.mark.parametrize("missing", range(4))
def test_what_is_missing_is_lost(missing: int) -> None:
    items: list[Any] = [run(), OUTCOME, TIME, EXPENSE]
    del items[missing]

    found = audit(promised(NOTES), items, [])

    assert len(found.lost) == 1
    assert not found.clean


@pytest.mark.parametrize("twice", range(4))
def test_what_is_there_twice_is_doubled(twice: int) -> None:
    items: list[Any] = [run(), OUTCOME, TIME, EXPENSE]

    found = audit(promised(NOTES), [*items, items[twice]], [])

    assert len(found.doubled) == 1
    assert not found.lost


def test_a_second_entry_of_a_run_under_another_key_is_doubled() -> None:
    found = audit(promised(NOTES), [run("k"), run("k2"), OUTCOME, TIME], [EXPENSE])

    assert found.doubled == ["run r: 2 entries"]


def test_the_parts_of_a_run_are_one_record_and_all_of_them_are_needed() -> None:
    first, second = run("k", parts=2), run("k2", parts=2, tokens_in=0)

    whole = audit(promised(NOTES), [first, second, OUTCOME, TIME], [EXPENSE])
    half = audit(promised(NOTES), [first, OUTCOME, TIME], [EXPENSE])

    assert whole.clean
    assert half.lost == ["run r: 1 of 2 parts"]


@pytest.mark.parametrize(
    "entry", [run(tokens_in=8), run(status="recovered"), run(tokens_in=LATE_TOKENS)]
)
def test_a_finished_run_that_says_something_else_is_wrong(entry: dict[str, Any]) -> None:
    found = audit(promised(NOTES), [entry, OUTCOME, TIME], [EXPENSE])

    assert len(found.wrong) == 1


def test_a_late_call_that_was_told_has_to_be_in_the_books() -> None:
    notes = [*NOTES, {"did": "late", "run": "r"}]

    without = audit(promised(notes), [run(), OUTCOME, TIME], [EXPENSE])
    corrected = run(tokens_in=7 + LATE_TOKENS)
    with_it = audit(promised(notes), [corrected, OUTCOME, TIME], [EXPENSE])

    assert len(without.wrong) == 1
    assert with_it.clean


@pytest.mark.parametrize("item", [{**TIME, "hours": "0.5"}, {**EXPENSE, "total_cost": "15"}])
def test_an_amount_that_was_not_told_is_wrong(item: dict[str, Any]) -> None:
    others = [one for one in (run(), OUTCOME, TIME, EXPENSE) if one["metadata"] != item["metadata"]]

    found = audit(promised(NOTES), [*others, item], [])

    assert len(found.wrong) == 1


def test_what_a_kill_cut_off_is_counted_and_is_no_fault() -> None:
    found = audit(promised([]), [run()], [])

    assert found.unacknowledged == 1
    assert found.clean


def test_a_run_that_was_not_recorded_at_all_is_lost() -> None:
    found = audit(promised([{"did": "start", "run": ""}]), [], [])

    assert found.lost == ["run ''"]
