"""Values of the wrong type: they fail where they are given, and cost no record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from keito.billing import Contract, Recorder, Target, Usage

from .conftest import HOME, MakeRecorder, Recorded


def test_a_list_that_changes_after_it_was_given_costs_no_run(recorded: Recorded) -> None:
    given: list[Any] = ["a"]
    with recorded.recorder.run("agent") as run:
        run.metadata(steps=given)
        given.append(object())

    assert recorded.metadata()["steps"] == ["a"]


def test_a_targets_metadata_that_changes_later_costs_no_run(make_recorder: MakeRecorder) -> None:
    given: dict[str, Any] = {"steps": ["a"]}
    made = make_recorder(target=Target(project_id="p", task_id="t", metadata=given))
    given["steps"].append(object())
    with made.recorder.run("agent"):
        pass

    assert made.metadata()["steps"] == ["a"]


def test_a_price_list_that_changes_later_changes_no_contract(make_recorder: MakeRecorder) -> None:
    prices: dict[str, int] = {"solved": 2}
    made = make_recorder(contract=Contract(prices=cast(Mapping[str, Any], prices)))
    prices["solved"] = 99
    with made.recorder.run("agent") as run:
        run.outcome("solved")

    (outcome,) = [e for e in made.entries() if "outcome_type" in e["metadata"]]
    assert outcome["metadata"]["outcome_unit_price"] == 2


@pytest.mark.parametrize("wrong", ["false", 0, None])
def test_whether_an_outcome_succeeded_is_true_or_false(recorded: Recorded, wrong: Any) -> None:
    run = recorded.recorder.start("agent")

    with pytest.raises(TypeError, match="success"):
        run.outcome("solved", success=wrong)


def test_whether_it_is_billable_is_true_or_false(recorded: Recorded) -> None:
    run = recorded.recorder.start("agent")

    with pytest.raises(TypeError, match="billable"):
        run.log_time(1, billable=cast(bool, "false"))
    with pytest.raises(TypeError, match="billable"):
        run.expense("cat", total_cost=1, billable=cast(bool, "false"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"policy": {"error": "false"}},
        {"policy": ["error"]},
        {"share_cost": "no"},
        {"prices": {5: 1}},
        {"caps": ["solved"]},
        {"time_zone": 5},
    ],
)
def test_a_contract_of_the_wrong_types_fails_where_it_is_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=next(iter(wrong))):
        Contract(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": ["id"]},
        {"framework": 5},
        {"parent": "run"},
        {"metadata": ["keito_target"]},
        {"target": 5},
        {"otherwise": 5},
    ],
)
def test_a_start_with_the_wrong_types_fails_where_it_is_called(
    recorded: Recorded, wrong: dict[str, Any]
) -> None:
    with pytest.raises(
        TypeError, match="otherwise|target" if "otherwise" in wrong else next(iter(wrong))
    ):
        recorded.recorder.start("agent", **wrong)


def test_a_framework_that_names_sessions_by_objects_loses_no_run(recorded: Recorded) -> None:
    session, before = cast(Any, object()), cast(Any, object())
    recorded.recorder.start("agent", session=session, follows=before).finish()

    assert "session_id" not in recorded.metadata()


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": "acme"},
        {"targets": {"acme": {"project_id": "p"}}},
        {"contract": {"charge": "time"}},
        {"outbox": 5},
        {"timing": 5},
        {"prices": 5},
    ],
)
def test_a_recorder_of_the_wrong_types_fails_where_it_is_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=next(iter(wrong))):
        Recorder(**wrong)


def test_a_recorder_takes_targets_only(recorded: Recorded) -> None:
    assert Recorder(target=HOME, targets={"acme": HOME}, mode="off").mode == "off"


@pytest.mark.parametrize("wrong", ["usage", 5, {"input_tokens": 1}])
def test_what_is_no_usage_says_nothing_and_costs_no_run(recorded: Recorded, wrong: Any) -> None:
    with recorded.recorder.run("agent") as run:
        run.model_call(wrong, key="call")

    assert recorded.metadata()["usage_incomplete"] is True


def test_a_number_too_large_to_be_a_count_is_unknown_and_costs_no_run(recorded: Recorded) -> None:
    with recorded.recorder.run("agent") as run:
        run.model_call(Usage(input_tokens=10**5000, output_tokens=1), key="call")

    said = recorded.metadata()
    assert ("tokens_in" in said, said["tokens_out"], said["usage_incomplete"]) == (False, 1, True)
