"""`log_expense`: the model names an item of the developer's list, and never an amount."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from keito import tools
from keito.billing import Recorder
from keito.testing import LocalKeito
from keito.tools import ExpenseItem
from tests.tools.claiming import use

ITEMS = {
    "web_search": ExpenseItem(category_id="cat_llm_usage", unit_cost="0.013", most=10, per_day=12),
    "phone_call": ExpenseItem(category_id="cat_llm_usage", unit_cost=2, billable=False),
}
SAID = {"item": "web_search", "subject": "T-1", "summary": "Looked up the rule.", "quantity": 3}


def use_up(recorder: Recorder, *said: Any, items: Any = ITEMS) -> list[str]:
    """Have the model log expenses within one run; each with its own call id."""
    tool = tools.log_expense(items)
    with recorder.run("clerk") as run:
        return [
            use(tool, {**SAID, **one}, run, f"call_{number}") for number, one in enumerate(said)
        ]


def expenses(recorder: Recorder, keito: LocalKeito) -> list[dict[str, Any]]:
    assert recorder.flush(20) == 0
    return keito.expenses()


def test_an_item_costs_what_the_developer_says(recorder: Recorder, keito: LocalKeito) -> None:
    answers = use_up(recorder, {})

    (expense,) = expenses(recorder, keito)
    assert answers == ["Recorded: Web search."]
    assert Decimal(str(expense["total_cost"])) == Decimal("0.039")
    assert (expense["project_id"], expense["billable"]) == (keito.project_id, True)
    assert expense["metadata"]["evidence"] == {
        "claimed_by": "model",
        "subject": "T-1",
        "summary": "Looked up the rule.",
    }
    assert "Looked" not in expense["notes"]


def test_the_model_can_forge_neither_cost_nor_project(
    recorder: Recorder, keito: LocalKeito
) -> None:
    forged = {
        "total_cost": "999",
        "unit_cost": "999",
        "units": 50,
        "amount": 999,
        "project_id": "prj_globex_onboarding",
        "category_id": "cat_other",
        "billable": True,
    }
    use_up(recorder, {**forged, "item": "phone_call", "quantity": 1})

    (expense,) = expenses(recorder, keito)
    assert Decimal(str(expense["total_cost"])) == 2
    assert (expense["project_id"], expense["billable"]) == (keito.project_id, False)


def test_an_item_can_be_units_of_its_category() -> None:
    item = ExpenseItem(category_id="cat_mileage", units=3, most=5)

    assert item.cost(2) == {"units": 6}


def test_each_item_is_charged_once_for_a_subject(recorder: Recorder, keito: LocalKeito) -> None:
    use_up(recorder, {}, {"quantity": 9, "subject": " t-1 "}, {"summary": "Again"})
    use_up(recorder, {})
    use_up(recorder, {"item": "phone_call", "quantity": 1})

    assert len(expenses(recorder, keito)) == 2


@pytest.mark.parametrize("subject", ["", " ", "\u200b", "http://evil.com"])
def test_an_expense_needs_a_subject(subject: str, recorder: Recorder, keito: LocalKeito) -> None:
    (answer,) = use_up(recorder, {"subject": subject})

    assert answer == "Nothing was recorded: name the subject, such as the ticket's number."
    assert expenses(recorder, keito) == []


@pytest.mark.parametrize(
    ("item", "quantity", "most"),
    [("web_search", 11, 10), ("web_search", 0, 10), ("phone_call", 2, 1)],
)
def test_a_quantity_over_the_cap_is_refused(
    item: str, quantity: int, most: int, recorder: Recorder, keito: LocalKeito
) -> None:
    (answer,) = use_up(recorder, {"item": item, "quantity": quantity})

    assert answer == f"Nothing was recorded: quantity: at least 1 and at most {most}."
    assert expenses(recorder, keito) == []


def test_an_item_that_is_not_on_the_list_is_refused(recorder: Recorder, keito: LocalKeito) -> None:
    tool = tools.log_expense(ITEMS)

    with recorder.run("clerk") as run:
        answer = use(tool, {**SAID, "item": "yacht"}, run)

    assert answer.startswith("Nothing was recorded. item: ")
    assert "yacht" not in answer
    assert expenses(recorder, keito) == []


def test_how_many_is_not_asked_where_it_is_always_one() -> None:
    one = {"phone_call": ITEMS["phone_call"]}

    assert "quantity" not in tools.log_expense(one).arguments.model_fields
    assert "quantity" in tools.log_expense(ITEMS).arguments.model_fields


def test_what_exceeds_the_day_is_recorded_and_not_charged(
    recorder: Recorder, keito: LocalKeito
) -> None:
    use_up(recorder, *[{"subject": f"T-{number}", "quantity": 5} for number in range(3)])
    use_up(recorder, {"subject": "T-4", "quantity": 2})

    found = expenses(recorder, keito)
    assert [expense["billable"] for expense in found] == [True, True, False, True]
    assert [expense["metadata"].get("capped") for expense in found] == [None, None, True, None]


def test_without_items_there_is_no_such_tool() -> None:
    with pytest.raises(ValueError, match="at least one item"):
        tools.log_expense({})
