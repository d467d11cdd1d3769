"""What is told and not measured: time, expenses, and the caps on all that is charged singly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from keito.billing import Cap, Contract

from .conftest import AWAY, MakeRecorder, Recorded

PAID = {"ticket_resolved": "0.99"}


def test_time_that_was_told_is_an_entry_of_its_own(recorded: Recorded) -> None:
    with recorded.recorder.run("agent") as run:
        key = run.log_time("0.25", description="Review", evidence={"by": "ada"})

    told = next(e for e in recorded.entries() if e["metadata"]["keito_key"] == key)
    assert (told["hours"], told["billable"], told["notes"]) == (Decimal("0.25"), True, "Review")
    assert told["metadata"]["time_basis"] == "told"
    assert told["metadata"]["seconds_charged"] == 900
    assert told["metadata"]["run_id"] == run.id


def test_time_that_was_told_is_charged_as_the_contract_does_unless_said(
    make_recorder: MakeRecorder,
) -> None:
    outcomes = make_recorder(contract=Contract(prices=PAID))
    with outcomes.recorder.run("agent") as run:
        run.log_time(1, key="by default")
        run.log_time(1, key="said", billable=True)

    told = [e for e in outcomes.entries() if e["metadata"]["time_basis"] == "told"]
    assert [entry["billable"] for entry in told] == [False, True]
    assert [entry["metadata"]["seconds_charged"] for entry in told] == [0, 3600]
    assert told[0]["metadata"]["seconds_counted"] == 3600


def test_an_expense_carries_its_cost_and_where_it_comes_from(recorded: Recorded) -> None:
    with recorded.recorder.run("agent") as run:
        key = run.expense("cat_search", total_cost="0.30", name="web_search", quantity=3)

    expense = next(b for b in recorded.entries() if b["metadata"]["keito_key"] == key)
    assert expense["expense_category_id"] == "cat_search"
    assert expense["total_cost"] == Decimal("0.30")
    assert (expense["billable"], expense["source"]) == (True, "agent")
    assert expense["notes"] == "Web search"
    assert expense["metadata"]["expense_quantity"] == 3
    assert "task_id" not in expense


def test_an_expense_for_a_subject_is_recorded_once(recorded: Recorded) -> None:
    for _ in range(2):
        with recorded.recorder.run("agent") as run:
            run.expense("cat_search", units=1, name="search", subject="Lead 7")

    assert sum("expense_category_id" in body for body in recorded.entries()) == 1


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda run: run.log_time(0), ValueError),
        (lambda run: run.log_time(25), ValueError),
        (lambda run: run.log_time(0.5), TypeError),
        (lambda run: run.expense("cat"), ValueError),
        (lambda run: run.expense("cat", units=1, total_cost=1), ValueError),
        (lambda run: run.expense("cat", units=0), ValueError),
        (lambda run: run.expense("", units=1), TypeError),
        (lambda run: run.expense("cat", total_cost=0.1), TypeError),
    ],
)
def test_what_can_not_be_told_fails_where_it_is_given(
    recorded: Recorded, call: Any, error: type[Exception]
) -> None:
    with recorded.recorder.run("agent") as run, pytest.raises(error):
        call(run)


def test_an_outcome_that_claims_more_than_its_cap_is_recorded_and_not_charged(
    make_recorder: MakeRecorder,
) -> None:
    capped = make_recorder(
        contract=Contract(prices=PAID, caps={"ticket_resolved": Cap(quantity=5)})
    )
    with capped.recorder.run("agent") as run:
        run.outcome("ticket_resolved", quantity=5)
        run.outcome("ticket_resolved", quantity=6)

    outcomes = [e for e in capped.entries() if "outcome_type" in e["metadata"]]
    assert [e["billable"] for e in outcomes] == [True, False]
    assert [e["metadata"].get("capped") for e in outcomes] == [None, True]


def test_a_daily_cap_counts_each_project_and_type_alone(make_recorder: MakeRecorder) -> None:
    contract = Contract(
        prices={**PAID, "lead_qualified": 2}, caps={"ticket_resolved": Cap(per_day=2)}
    )
    capped = make_recorder(contract=contract)
    with capped.recorder.run("agent") as run:
        for _ in range(4):
            run.outcome("ticket_resolved")
            run.outcome("lead_qualified")
    with capped.recorder.run("agent", target=AWAY) as other:
        other.outcome("ticket_resolved")

    charged = [
        (e["project_id"], e["metadata"]["outcome_type"])
        for e in capped.entries()
        if "outcome_type" in e["metadata"] and e["billable"]
    ]
    assert sorted(charged) == [
        ("prj_away", "ticket_resolved"),
        *[("prj_home", "lead_qualified")] * 4,
        *[("prj_home", "ticket_resolved")] * 2,
    ]


def test_time_and_expenses_above_their_daily_cap_are_not_charged(recorded: Recorded) -> None:
    with recorded.recorder.run("agent") as run:
        for number in range(3):
            run.log_time("0.5", key=str(number), per_day=1)
            run.expense("cat", units=1, name="search", key=str(number), per_day=2)

    bodies = [b for b in recorded.entries() if b["metadata"].get("time_basis") != "wall"]
    time = [b["billable"] for b in bodies if "hours" in b]
    expenses = [b["billable"] for b in bodies if "hours" not in b]
    assert time == expenses == [True, True, False]


def test_what_is_told_in_a_test_is_not_charged(make_recorder: MakeRecorder) -> None:
    testing = make_recorder(mode="test")
    with testing.recorder.run("agent") as run:
        run.log_time(1, billable=True)
        run.expense("cat", units=1)

    assert not any(body["billable"] for body in testing.entries())
