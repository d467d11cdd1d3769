"""Which tools a model is given."""

from __future__ import annotations

from typing import Any

import pytest

from keito import tools
from keito.billing import Contract, Recorder
from keito.tools import ExpenseItem, TimeRules

RULES = TimeRules(most=2, per_day=4)
ITEMS = {"web_search": ExpenseItem(category_id="cat_llm_usage", unit_cost="0.01")}
EVERY = ("log_outcome", "log_time", "log_expense", "list_projects", "list_tasks", "my_summary")

FORGEABLE = {"project", "task", "client", "price", "cost", "user", "rate", "billable", "amount"}


def test_by_default_there_is_one_tool(recorder: Recorder) -> None:
    assert [tool.name for tool in tools.tools(recorder)] == ["log_outcome"]


def test_other_tools_are_there_when_they_are_named(recorder: Recorder) -> None:
    made = tools.tools(recorder, EVERY, time=RULES, expenses=ITEMS)

    assert tuple(tool.name for tool in made) == EVERY == tools.NAMES
    assert [tool.name for tool in made if tool.writes] == list(EVERY[:3])


def test_a_single_name_and_a_name_twice_are_one_tool(recorder: Recorder) -> None:
    assert len(tools.tools(recorder, "my_summary")) == 1
    assert len(tools.tools(recorder, ["my_summary", "my_summary"])) == 1


def test_an_unknown_name_is_an_error_that_lists_the_known_ones(recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="there is no tool 'delete_all'; there are log_outcome"):
        tools.tools(recorder, ("log_outcome", "delete_all"))


@pytest.mark.parametrize(
    ("name", "needs"), [("log_time", "TimeRules"), ("log_expense", "expenses=")]
)
def test_what_the_developer_has_not_limited_is_not_given(
    name: str, needs: str, recorder: Recorder
) -> None:
    with pytest.raises(ValueError, match=needs):
        tools.tools(recorder, (name,))


def test_approval_can_be_for_some_tools_only(recorder: Recorder) -> None:
    made = tools.tools(
        recorder, ("log_outcome", "log_time"), time=RULES, approve={"log_time": True}
    )

    assert {tool.name: tool.approve for tool in made} == {"log_outcome": False, "log_time": True}


def test_approval_for_a_tool_that_is_not_there_is_an_error(recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="'log_tiem' is not one of the tools"):
        tools.tools(recorder, ("log_time",), time=RULES, approve={"log_tiem": True})


def test_no_tool_takes_an_argument_that_is_the_developers(recorder: Recorder) -> None:
    made = tools.tools(recorder, EVERY, time=RULES, expenses=ITEMS, approve=True)

    taken = {name for tool in made for name in tool.arguments.model_fields}

    assert taken == {"outcome_type", "item", "hours", "subject", "summary", "success"}
    assert not any(word in name for name in taken for word in FORGEABLE)


def test_the_default_recorder_says_what_there_is_if_no_other_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder = Recorder(contract=Contract(prices={"lead_qualified": 5}), mode="off")
    monkeypatch.setattr("keito.tools.choose.default_recorder", lambda: recorder)

    (tool,) = tools.tools()

    assert "lead_qualified" in str(tool.arguments.model_json_schema())


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"most": 0, "per_day": 1}, ValueError),
        ({"most": 25, "per_day": 1}, ValueError),
        ({"most": 0.5, "per_day": 1}, TypeError),
        ({"most": 1, "per_day": -1}, ValueError),
        ({"most": 1, "per_day": "many"}, ValueError),
    ],
)
def test_wrong_rules_for_time_fail_where_they_are_made(
    wrong: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        TimeRules(**wrong)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({}, ValueError),
        ({"unit_cost": 1, "units": 1}, ValueError),
        ({"unit_cost": 0.1}, TypeError),
        ({"unit_cost": "-1"}, ValueError),
        ({"units": 0}, ValueError),
        ({"units": "3"}, TypeError),
        ({"unit_cost": 1, "most": 0}, ValueError),
        ({"unit_cost": 1, "per_day": -1}, ValueError),
        ({"unit_cost": 1, "category_id": ""}, TypeError),
    ],
)
def test_a_wrong_item_fails_where_it_is_made(wrong: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        ExpenseItem(**{"category_id": "cat_llm_usage", **wrong})
