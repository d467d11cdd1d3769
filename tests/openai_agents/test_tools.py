"""`log_outcome` as a tool of the SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from agents import Agent, FunctionTool, RunContextWrapper, Runner, RunState
from agents.tool_context import ToolContext
from openai_agents_keito import detach, keito_tool, keito_tools, log_outcome

from keito import tools
from keito.billing import Recorder, bill_to, current_run
from keito.testing import LocalKeito
from tests.contract import Calls, Says, entries_of, resolved
from tests.openai_agents.scripted import agent

pytestmark = pytest.mark.usefixtures("attached")


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


async def answered(call: Calls, tool: FunctionTool) -> list[Any]:
    """What the model read after this call of a tool."""
    result = await Runner.run(agent(call, Says(), tools=[tool]), "Help.")
    return [item.output for item in result.new_items if item.type == "tool_call_output_item"]


def test_there_is_one_tool_unless_others_are_named(recorder: Recorder) -> None:
    one = keito_tools(recorder)
    reads = keito_tools(recorder, ("list_projects", "my_summary"))

    assert [tool.name for tool in one] == ["log_outcome"]
    assert [tool.name for tool in reads] == ["list_projects", "my_summary"]


async def test_a_list_is_of_the_client_of_the_run(recorder: Recorder) -> None:
    forged = Calls("list_projects", {"client_id": "cli_globex"})

    assert await answered(forged, keito_tool(tools.list_projects())) == [
        'Projects: "Research", "Support".'
    ]


async def test_an_asynchronous_function_verifies(recorder: Recorder, keito: LocalKeito) -> None:
    async def verify(claim: tools.Claim) -> str:
        return "T-1 is still open."

    answer = await answered(resolved("T-1"), log_outcome(recorder, verify=verify))

    assert answer == ["Nothing was recorded: T-1 is still open."]
    assert outcomes(recorder, keito) == []


async def test_a_model_sees_the_tools_where_there_is_somebody_to_bill(recorder: Recorder) -> None:
    clerk: Agent[Any] = agent(tools=keito_tools(recorder))
    context = RunContextWrapper(None)

    async def seen() -> list[str]:
        return [tool.name for tool in await clerk.get_all_tools(context)]

    outside = await seen()
    with recorder.run("clerk"):
        inside = await seen()
    with bill_to("nobody we know"), recorder.run("clerk"):
        unrouted = await seen()

    assert (outside, inside) == (["look_up"], ["look_up", "log_outcome"])
    assert unrouted == ["look_up"]
    assert current_run() is None


async def decided(
    recorder: Recorder,
    *,
    approved: bool,
    from_text: bool = False,
    nested: bool = False,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[Any]:
    """Have a person decide about a claim; what the models read in the end."""
    clerk = agent(resolved("T-1"), Says(), tools=[log_outcome(recorder, approve=True)])
    if nested:
        ask = clerk.as_tool("ask", "Ask.")
        clerk = agent(Calls("ask", {"input": "?"}, "call_0"), Says(), name="boss", tools=[ask])
    first = await Runner.run(clerk, "Help.")
    (interruption,) = first.interruptions
    state = first.to_state()
    if from_text:
        state = await RunState.from_string(clerk, state.to_string())
        (interruption,) = state.get_interruptions()
    state.approve(interruption) if approved else state.reject(interruption)
    meanwhile()
    result = await Runner.run(clerk, state)
    return [item.output for item in result.new_items if item.type == "tool_call_output_item"]


@pytest.mark.parametrize("from_text", [False, True], ids=["in place", "from text"])
async def test_what_a_person_approves_is_recorded(
    from_text: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    answer = await decided(recorder, approved=True, from_text=from_text)

    assert answer == ["Recorded: Ticket resolved."]
    assert len(outcomes(recorder, keito)) == 1


async def test_what_a_person_rejects_is_not_recorded(recorder: Recorder, keito: LocalKeito) -> None:
    await decided(recorder, approved=False)

    assert outcomes(recorder, keito) == []


@pytest.mark.parametrize("from_text", [False, True], ids=["in place", "from text"])
async def test_what_is_approved_where_nobody_is_billed_any_more_is_refused_and_the_run_goes_on(
    from_text: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    answer = await decided(recorder, approved=True, from_text=from_text, meanwhile=detach)

    assert answer == ["Nothing was recorded: no billed run is open."]
    assert outcomes(recorder, keito) == []


async def test_a_tool_without_arguments_takes_none_as_well(recorder: Recorder) -> None:
    (tool,) = keito_tools(recorder, ("list_projects",))
    context: ToolContext[Any] = ToolContext(
        context=None, tool_name=tool.name, tool_call_id="call_1", tool_arguments=""
    )

    with recorder.run("clerk"):
        answer = await tool.on_invoke_tool(context, "")

    assert answer == 'Projects: "Research", "Support".'


async def test_a_person_approves_what_an_agent_inside_an_agent_claims(
    recorder: Recorder, keito: LocalKeito
) -> None:
    await decided(recorder, approved=True, nested=True)

    assert len(outcomes(recorder, keito)) == 1


async def test_a_tool_that_somebody_freed_of_approval_is_refused(
    recorder: Recorder, keito: LocalKeito
) -> None:
    tool = log_outcome(recorder, approve=True)
    tool.needs_approval = False

    answer = await answered(resolved("T-1"), tool)

    assert answer == ["Nothing was recorded: it was not approved."]
    assert outcomes(recorder, keito) == []


async def test_a_function_of_yours_that_fails_is_a_refusal_that_says_nothing_of_it(
    recorder: Recorder, keito: LocalKeito
) -> None:
    def verify(claim: tools.Claim) -> str:
        raise RuntimeError("the password is swordfish")

    (answer,) = await answered(resolved("T-1"), log_outcome(recorder, verify=verify))

    assert answer.startswith("Nothing was recorded")
    assert "swordfish" not in answer
    assert outcomes(recorder, keito) == []


async def test_arguments_that_are_no_json_are_refused_and_the_run_goes_on(
    recorder: Recorder,
) -> None:
    tool = log_outcome(recorder)
    context: ToolContext[Any] = ToolContext(
        context=None, tool_name=tool.name, tool_call_id="call_1", tool_arguments="{"
    )

    with recorder.run("clerk"):
        answer = await tool.on_invoke_tool(context, "{")

    assert str(answer).startswith("Nothing was recorded")


async def test_a_call_of_a_tool_that_is_repeated_is_recorded_once(
    recorder: Recorder, keito: LocalKeito
) -> None:
    tool = log_outcome(recorder)
    # A failure may be said of one subject any number of times: here the call's id decides.
    said = json.dumps({**resolved("T-1").arguments, "success": False})

    with recorder.run("clerk"):
        for call_id in ("call_1", "call_1", "call_2"):
            context: ToolContext[Any] = ToolContext(
                context=None, tool_name=tool.name, tool_call_id=call_id, tool_arguments=said
            )
            await tool.on_invoke_tool(context, said)

    assert len(outcomes(recorder, keito)) == 2


async def test_no_tool_takes_a_billing_id_or_a_price(recorder: Recorder) -> None:
    chosen = keito_tools(recorder, ("log_outcome", "list_projects", "list_tasks", "my_summary"))

    names = {name for tool in chosen for name in tool.params_json_schema["properties"]}
    assert not {name for name in names if name.endswith("_id") or "price" in name}
    assert all(tool.strict_json_schema for tool in chosen)
    assert all(tool.params_json_schema["additionalProperties"] is False for tool in chosen)
