"""Limits stop a run before its next model call, wherever in it the spending is."""

from __future__ import annotations

from typing import Any

import pytest
from agents import Agent, AgentsException, RunErrorHandlers, Runner, function_tool
from openai_agents_keito import AgentLimitReached, KeitoRunHooks, detach

from keito.billing import KeitoLimitReached, Limits, Recorder, bill_to
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Says
from tests.openai_agents.scripted import agent
from tests.openai_agents.ways import BOTH, Noting, Way, ran, said

pytestmark = pytest.mark.usefixtures("attached")


def spender(calls: int, **settings: Any) -> Agent[Any]:
    return agent(*[Calls("look_up", id=f"call_{n}") for n in range(calls)], Says(), **settings)


def answered(clerk: Agent[Any]) -> int:
    model: Any = clerk.model
    return int(model.answered)


@BOTH
async def test_a_run_is_stopped_before_the_next_call(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    clerk = spender(3)

    with bill_to(limits=Limits(tokens=2 * INPUT)), pytest.raises(AgentLimitReached) as raised:
        await way(clerk)

    metadata = said(recorder, keito)
    assert answered(clerk) == 2
    assert (metadata["status"], metadata["tokens_in"]) == ("limit", 2 * INPUT)
    assert "usage_incomplete" not in metadata
    assert raised.value.limit == "tokens"


async def test_it_is_an_error_of_the_sdk_and_of_keito() -> None:
    with bill_to(limits=Limits(model_calls=1)), pytest.raises(AgentsException) as raised:
        await ran(spender(3))

    assert isinstance(raised.value, KeitoLimitReached)
    assert raised.value.run_data is not None
    assert "1 model calls allowed" in str(raised.value)


async def test_what_a_nested_agent_spends_stops_it_and_the_agent_around_it(
    recorder: Recorder, keito: LocalKeito
) -> None:
    expert = spender(3, name="expert")
    clerk = agent(Calls("ask", {"input": "?"}), Says(), tools=[expert.as_tool("ask", "Ask.")])

    # The SDK hides the nested agent's error from the outer one, which is stopped by its own.
    with bill_to(limits=Limits(model_calls=3)), pytest.raises(AgentLimitReached):
        await ran(clerk)

    assert (answered(clerk), answered(expert)) == (1, 2)
    assert said(recorder, keito)["status"] == "limit"


async def test_a_tool_that_runs_an_agent_is_stopped_with_it(recorder: Recorder) -> None:
    expert = spender(5, name="expert")

    @function_tool
    async def ask() -> str:
        """Ask."""
        return str((await Runner.run(expert, "?")).final_output)

    clerk = agent(Calls("ask"), Says(), tools=[ask])

    with bill_to(limits=Limits(model_calls=2)), pytest.raises(AgentLimitReached):
        await ran(clerk)

    assert (answered(clerk), answered(expert)) == (1, 1)


async def test_the_callers_hook_is_not_told_of_a_call_that_is_not_made() -> None:
    hooks = Noting()

    with bill_to(limits=Limits(model_calls=1)), pytest.raises(AgentLimitReached):
        await ran(spender(2), hooks=hooks)

    assert hooks.seen.count("llm_start") == 1


async def test_hooks_alone_stop_a_run_too(recorder: Recorder) -> None:
    detach()
    clerk = spender(3)

    with bill_to(limits=Limits(model_calls=1)), pytest.raises(AgentLimitReached):
        await ran(clerk, hooks=KeitoRunHooks(recorder))

    assert answered(clerk) == 1


async def test_the_sdks_handler_for_too_many_turns_makes_it_a_success(
    recorder: Recorder, keito: LocalKeito
) -> None:
    handlers: RunErrorHandlers[Any] = {"max_turns": lambda given: "Enough."}

    result = await Runner.run(spender(3), "Help.", max_turns=2, error_handlers=handlers)

    metadata = said(recorder, keito)
    assert result.final_output == "Enough."
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)
