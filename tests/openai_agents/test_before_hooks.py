"""What is consumed before the SDK calls the first hook of a run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import (
    Agent,
    AgentsException,
    GuardrailFunctionOutput,
    InputGuardrail,
    RunContextWrapper,
    Runner,
    RunResult,
    SQLiteSession,
    function_tool,
)
from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner
from openai_agents_keito import attach, detach
from openai_agents_keito import run as billed_run

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, OUTPUT, Calls, Says, entries_of
from tests.openai_agents.scripted import ScriptedModel, agent
from tests.openai_agents.test_sharing import SUMMARY
from tests.openai_agents.ways import ALL, BOTH, Way, ended, ran, said, streamed

PARALLEL = pytest.mark.parametrize("parallel", [True, False], ids=["parallel", "before"])


class Summarizing(SQLiteSession):
    """Has a long conversation summarized by the agent that it belongs to."""

    def __init__(self, clerk: Agent[Any]) -> None:
        super().__init__("summarized")
        self._clerk = clerk

    async def get_items(self, limit: int | None = None, **options: Any) -> Any:
        items = await super().get_items(limit, **options)
        if len(items) < 2:
            return items
        result = await Runner.run(self._clerk, "Summarize.")
        return [{"role": "user", "content": str(result.final_output)}]


@BOTH
async def test_what_a_session_has_the_runs_own_agent_do_is_part_of_the_run(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    clerk = agent(Says(), Says(), Says())
    session = Summarizing(clerk)

    for _ in range(2):
        await way(clerk, session=session)

    found = sorted(entry["metadata"]["tokens_in"] for entry in entries_of(recorder, keito))
    assert found == [INPUT, 2 * INPUT]
    session.close()


async def test_what_a_session_has_done_inside_an_own_run_is_part_of_it(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    clerk = agent(Says(), Says(), Says())
    session = Summarizing(clerk)

    await ran(clerk, session=session)
    await billed_run(clerk, "Help.", session=session)

    found = sorted(entry["metadata"]["tokens_in"] for entry in entries_of(recorder, keito))
    assert found == [INPUT, 2 * INPUT]
    session.close()


def consuming(*, parallel: bool, trips: bool = False) -> InputGuardrail[Any]:
    """A guardrail that asks a model by itself, and has the run count it."""

    async def check(context: RunContextWrapper[Any], *args: object) -> GuardrailFunctionOutput:
        context.usage.add(SUMMARY)
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered=trips)

    return InputGuardrail(check, run_in_parallel=parallel)


@PARALLEL
@ALL
async def test_what_a_guardrail_consumes_is_recorded(
    way: Way, parallel: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)

    await way(agent(Says(), input_guardrails=[consuming(parallel=parallel)]))

    metadata = said(recorder, keito)
    assert metadata["tokens_in"] == INPUT + SUMMARY.input_tokens
    assert metadata["tokens_out"] == OUTPUT + SUMMARY.output_tokens


@ALL
async def test_what_a_guardrail_consumes_that_keeps_the_agent_from_starting_is_recorded(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)

    await ended(way, agent(Says(), input_guardrails=[consuming(parallel=False, trips=True)]))

    metadata = said(recorder, keito)
    assert metadata["status"] == "guardrail"
    assert metadata["tokens_in"] == SUMMARY.input_tokens
    assert metadata["llm_calls"] == 1


def asking(judge: Agent[Any], *, parallel: bool) -> InputGuardrail[Any]:
    """A guardrail that asks an agent, and adds what that took to the run's usage."""

    async def check(context: RunContextWrapper[Any], *args: object) -> GuardrailFunctionOutput:
        context.usage.add((await Runner.run(judge, "Fine?")).context_wrapper.usage)
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered=False)

    return InputGuardrail(check, run_in_parallel=parallel)


@PARALLEL
@BOTH
async def test_what_the_guardrail_of_an_agent_used_as_a_tool_adds_to_its_usage_counts_once(
    way: Way, parallel: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    judge = agent(Says(), name="judge")
    guardrail = asking(judge, parallel=parallel)
    expert = agent(Says(), name="expert", input_guardrails=[guardrail])
    tool = expert.as_tool("ask_expert", "Ask.")

    await way(agent(Calls("ask_expert", {"input": "?"}), Says(), tools=[tool]))

    metadata = said(recorder, keito)
    assert (metadata["tokens_in"], metadata["llm_calls"]) == (4 * INPUT, 4)
    assert {name: one["tokens_in"] for name, one in metadata["agents"].items()} == {
        "clerk": 2 * INPUT,
        "expert": INPUT,
        "judge": INPUT,
    }


class Slow(ScriptedModel):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__(Says())
        self.reached, self.told = asyncio.Event(), asyncio.Event()

    async def _response(self) -> Any:
        self.reached.set()
        await self.told.wait()
        return await super()._response()


@pytest.mark.parametrize("way", [ran, streamed])
async def test_what_a_guardrail_has_begun_and_the_agent_goes_on_with_counts_once(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    models = {"sharing": Slow(), "adding": Slow()}
    sharing, adding = (Agent(name=name, model=model) for name, model in models.items())
    begun: list[asyncio.Task[RunResult]] = []

    async def begin(context: RunContextWrapper[Any], *args: object) -> GuardrailFunctionOutput:
        context.usage.add(SUMMARY)
        begun.append(asyncio.create_task(Runner.run(sharing, "?", context=context)))
        begun.append(asyncio.create_task(Runner.run(adding, "?")))
        for model in models.values():
            await model.reached.wait()
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered=False)

    @function_tool
    async def finish(context: RunContextWrapper[Any]) -> str:
        """Finish what was begun."""
        for model in models.values():
            model.told.set()
        _, added = await asyncio.gather(*begun)
        context.usage.add(added.context_wrapper.usage)
        return "finished"

    guardrail = InputGuardrail(begin, run_in_parallel=False)
    await way(agent(Calls("finish"), Says(), tools=[finish], input_guardrails=[guardrail]))

    metadata = said(recorder, keito)
    assert metadata["tokens_in"] == 4 * INPUT + SUMMARY.input_tokens
    assert metadata["llm_calls"] == 5
    assert {name: one["calls"] for name, one in metadata["agents"].items()} == {
        "clerk": 2,
        "sharing": 1,
        "adding": 1,
        "unknown": 1,
    }


async def test_an_error_of_a_program_that_has_not_all_the_sdk_gives_its_own_stays_what_it_is(
    recorder: Recorder, keito: LocalKeito
) -> None:
    class OwnError(AgentsException):
        def __init__(self) -> None:
            pass  # the SDK's own would say `run_data`

    class Refusing(AgentRunner):
        async def run(self, *args: Any, **kwargs: Any) -> Any:
            raise OwnError

    before = get_default_agent_runner()
    set_default_agent_runner(Refusing())
    try:
        attach(recorder)
        with pytest.raises(OwnError):
            await ran(agent(Says()))
    finally:
        detach()
        set_default_agent_runner(before)

    assert said(recorder, keito)["status"] == "error"


async def test_a_runner_that_gives_a_nested_run_the_context_around_it_counts_it_once(
    recorder: Recorder, keito: LocalKeito
) -> None:
    given: list[RunContextWrapper[Any]] = []

    class Sharing(AgentRunner):
        """Has all that a run starts share its context."""

        async def run(self, starting_agent: Any, input: Any, **kwargs: Any) -> Any:
            options: Any = {**kwargs, "context": given[0]} if given else kwargs
            return await super().run(starting_agent, input, **options)

    @function_tool
    async def ask(context: RunContextWrapper[Any]) -> str:
        """Ask two others, one inside the other."""
        given[:] = [context]
        return str((await Runner.run(expert, "?")).final_output)

    @function_tool
    async def ask_further() -> str:
        """Ask another."""
        return str((await Runner.run(agent(Says(), name="last"), "?")).final_output)

    expert = agent(Calls("ask_further", id="further"), Says(), name="expert", tools=[ask_further])
    before = get_default_agent_runner()
    set_default_agent_runner(Sharing())
    try:
        attach(recorder)
        await ran(agent(Calls("ask"), Says(), tools=[ask]))
    finally:
        detach()
        set_default_agent_runner(before)

    metadata = said(recorder, keito)
    assert (metadata["tokens_in"], metadata["llm_calls"]) == (5 * INPUT, 5)


async def test_what_another_runner_had_consumed_before_is_not_counted_again(
    recorder: Recorder, keito: LocalKeito
) -> None:
    class Bringing(AgentRunner):
        """Goes on with a usage that it has kept."""

        async def run(self, starting_agent: Any, input: Any, **kwargs: Any) -> Any:
            kept: RunContextWrapper[Any] = RunContextWrapper(context=None)
            kept.usage.add(SUMMARY)
            options: Any = {**kwargs, "context": kept}
            return await super().run(starting_agent, input, **options)

    before = get_default_agent_runner()
    set_default_agent_runner(Bringing())
    try:
        attach(recorder)
        await ran(agent(Says()))
        await billed_run(agent(Says()), "Help.")
    finally:
        detach()
        set_default_agent_runner(before)

    found = [entry["metadata"]["tokens_in"] for entry in entries_of(recorder, keito)]
    assert found == [INPUT, INPUT]
