"""`log_outcome` as a tool of the SDK."""

from __future__ import annotations

from typing import Any

import pytest
from agents import Runner
from openai_agents_keito import attach, log_outcome

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import Calls, Says, entries_of, resolved
from tests.openai_agents.scripted import agent


@pytest.fixture(autouse=True)
def attached(recorder: Recorder) -> None:
    attach(recorder)


def outcomes(recorder: Recorder, keito: LocalKeito) -> list[dict[str, Any]]:
    entries = entries_of(recorder, keito)
    return [entry for entry in entries if "outcome_type" in entry["metadata"]]


async def answers(recorder: Recorder, call: Calls) -> list[Any]:
    """What the model read after this call."""
    clerk = agent(call, Says(), tools=[log_outcome(recorder)])
    result = await Runner.run(clerk, "Help.")
    return [item.output for item in result.new_items if item.type == "tool_call_output_item"]


def test_the_schema_is_strict_and_names_no_billing_ids(recorder: Recorder) -> None:
    tool = log_outcome(recorder)
    schema = tool.params_json_schema

    assert tool.strict_json_schema
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == schema["properties"].keys()
    assert schema["properties"].keys() == {"outcome_type", "subject", "summary", "success"}


async def test_a_claim_belongs_to_the_run_it_is_made_in(
    recorder: Recorder, keito: LocalKeito
) -> None:
    answer = await answers(recorder, resolved("T-1"))

    assert answer == ["Recorded: Ticket resolved."]
    assert len(outcomes(recorder, keito)) == 1
    assert len({entry["metadata"]["run_id"] for entry in keito.entries()}) == 1


@pytest.mark.parametrize(
    "arguments",
    [{}, {"outcome_type": "free_money"}, {**resolved("").arguments}],
    ids=["none", "an invented type", "no subject"],
)
async def test_a_refusal_is_short_text_and_the_run_goes_on(
    arguments: dict[str, Any], recorder: Recorder, keito: LocalKeito
) -> None:
    (answer,) = await answers(recorder, Calls("log_outcome", arguments))

    assert answer.startswith("Nothing was recorded")
    assert keito.base_url not in answer
    assert outcomes(recorder, keito) == []


async def test_an_agent_inside_an_agent_claims_for_the_same_client(
    recorder: Recorder, keito: LocalKeito
) -> None:
    expert = agent(resolved("T-1"), Says(), name="expert", tools=[log_outcome(recorder)])
    clerk = agent(Calls("ask", {"input": "?"}), Says(), tools=[expert.as_tool("ask", "Ask.")])

    await Runner.run(clerk, "Help.")

    assert [e["project_id"] for e in outcomes(recorder, keito)] == [keito.project_id]
