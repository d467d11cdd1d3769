"""What is one run, who is in it, and what it is billed to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrail,
    RunContextWrapper,
    RunHooks,
    Runner,
    Tool,
    function_tool,
)
from agents.run import get_default_agent_runner, set_default_agent_runner
from openai_agents_keito import KeitoRunner, attach, detach

from keito.billing import Recorder, Target, bill_to
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Fails, Says, entries_of, only
from tests.openai_agents.driver import PassingOn
from tests.openai_agents.scripted import agent
from tests.openai_agents.ways import BOTH, Noting, Way, ran, said

pytestmark = pytest.mark.usefixtures("attached")


@BOTH
async def test_a_handoff_is_part_of_the_run(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    second = agent(Says(), name="second")
    first = agent(Calls("transfer_to_second"), name="first", handoffs=[second])

    await way(first)

    metadata = said(recorder, keito)
    assert metadata["tokens_in"] == 2 * INPUT
    assert set(metadata["agents"]) == {"first", "second"}


@BOTH
async def test_parallel_agents_as_tools_are_counted_once(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    # They share one usage object, in which each sees the other's tokens.
    async def both(context: RunContextWrapper[Any], text: str) -> str:
        asks = [Runner.run(agent(Says(), name=name), text) for name in ("left", "right")]
        return " ".join([str(result.final_output) for result in await asyncio.gather(*asks)])

    await way(agent(Calls("both", {"text": "?"}), Says(), tools=[function_tool(both)]))

    assert said(recorder, keito)["tokens_in"] == 4 * INPUT


async def test_concurrent_trees_do_not_mix(recorder: Recorder, keito: LocalKeito) -> None:
    async def tree(number: int) -> None:
        experts = [agent(Says(), name=f"expert_{n}") for n in range(2)]
        tools: list[Tool] = [e.as_tool(f"ask_{n}", "Ask.") for n, e in enumerate(experts)]
        calls = [Calls(f"ask_{n}", {"input": "?"}, id=f"call_{n}") for n in range(2)]
        clerk = agent(*calls, Says(), tools=tools)
        with bill_to(session_id=f"session-{number}"):
            if number % 2:
                await ran(clerk)
            else:
                result = Runner.run_streamed(clerk, "Help.")
                async for _ in result.stream_events():
                    pass

    await asyncio.gather(*(tree(number) for number in range(20)))

    entries = entries_of(recorder, keito)
    assert {e["metadata"]["session_id"] for e in entries} == {f"session-{n}" for n in range(20)}
    assert [e["metadata"]["tokens_in"] for e in entries] == [5 * INPUT] * 20


async def test_the_agent_of_a_guardrail_is_part_of_the_run(
    recorder: Recorder, keito: LocalKeito
) -> None:
    async def judge(*args: object) -> GuardrailFunctionOutput:
        await Runner.run(agent(Says(), name="judge"), "Is this fine?")
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered=False)

    guardrail = InputGuardrail(judge, run_in_parallel=False)
    await ran(agent(Says(), input_guardrails=[guardrail]))

    metadata = said(recorder, keito)
    assert set(metadata["agents"]) == {"clerk", "judge"}


async def test_a_nested_run_for_another_client_is_its_own_record(
    recorder: Recorder, keito: LocalKeito
) -> None:
    other = Target(project_id="prj_globex_onboarding", task_id=keito.task_id)

    @function_tool
    async def ask_other() -> str:
        """Ask for another client."""
        with bill_to(other):
            return str((await Runner.run(agent(Says(), name="other"), "?")).final_output)

    await ran(agent(Calls("ask_other"), Says(), tools=[ask_other]))

    entries = entries_of(recorder, keito)
    tokens = {entry["project_id"]: entry["metadata"]["tokens_in"] for entry in entries}
    assert tokens == {keito.project_id: 2 * INPUT, "prj_globex_onboarding": INPUT}


@BOTH
async def test_the_callers_hooks_are_called_as_without_us(way: Way) -> None:
    def starting() -> Agent[Any]:
        second = agent(Says(), name="second")
        return agent(Calls("look_up"), Calls("transfer_to_second", id="call_2"), handoffs=[second])

    ours, plain = Noting(), Noting()
    await way(starting(), hooks=ours)
    detach()
    await way(starting(), hooks=plain)

    assert ours.seen == plain.seen
    assert "clerk to second" in ours.seen


async def test_an_error_in_the_callers_hooks_is_the_callers(
    recorder: Recorder, keito: LocalKeito
) -> None:
    class Failing(RunHooks[Any]):
        async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
            raise RuntimeError("the caller's own")

    with pytest.raises(RuntimeError, match="the caller's own"):
        await Runner.run(agent(Says()), "Help.", hooks=Failing())

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("error", INPUT)


@BOTH
async def test_hooks_that_are_none_are_refused_by_the_sdk_itself(way: Way) -> None:
    hooks: Any = "no hooks"

    with pytest.raises(TypeError, match="hooks"):
        await way(agent(Says()), hooks=hooks)


async def test_detached_runs_are_not_billed(recorder: Recorder, keito: LocalKeito) -> None:
    detach()

    await ran(agent(Says()))

    assert entries_of(recorder, keito) == []
    assert not isinstance(get_default_agent_runner(), KeitoRunner)


async def test_detaching_below_another_runner_leaves_that_in_place(
    recorder: Recorder, keito: LocalKeito
) -> None:
    other = PassingOn(get_default_agent_runner())
    set_default_agent_runner(other)

    detach()
    await ran(agent(Says()))

    assert get_default_agent_runner() is other
    assert entries_of(recorder, keito) == []


async def test_an_agent_that_runs_itself_with_the_same_words_is_counted(
    recorder: Recorder, keito: LocalKeito
) -> None:
    words = "Help."

    @function_tool
    async def again() -> str:
        """Run the same agent on the same words."""
        return str((await Runner.run(clerk, words)).final_output)

    clerk = agent(Calls("again"), Says("inner"), Says("outer"), tools=[again])
    await Runner.run(clerk, words)

    assert said(recorder, keito)["tokens_in"] == 3 * INPUT


async def test_a_run_that_is_open_when_detached_ends_as_usual(
    recorder: Recorder, keito: LocalKeito
) -> None:
    @function_tool
    def stop_billing() -> str:
        """Detach."""
        detach()
        return "done"

    await ran(agent(Calls("stop_billing"), Says(), tools=[stop_billing]))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)


async def test_a_target_given_to_attach_is_used(recorder: Recorder, keito: LocalKeito) -> None:
    attach(recorder, Target(session_id="attached"))

    await ran(agent(Says()))

    assert said(recorder, keito)["session_id"] == "attached"


async def test_a_failure_of_ours_does_not_reach_the_run(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Recorder, "start", broken)

    assert (await Runner.run(agent(Says("Fine.")), "Help.")).final_output == "Fine."


async def test_only_the_failed_agent_of_a_tree_fails(recorder: Recorder, keito: LocalKeito) -> None:
    expert = agent(Fails(RuntimeError("no")), name="expert")
    clerk = agent(Calls("ask", {"input": "?"}), Says(), tools=[expert.as_tool("ask", "Ask.")])

    await ran(clerk)

    entry = only(entries_of(recorder, keito))
    assert entry["billable"] is True
    assert entry["metadata"]["status"] == "ok"
