"""Attaching: whatever other runners are set, each run is recorded once."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any

import pytest
from agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrail,
    RunHooks,
    Runner,
    RunResult,
)
from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner
from openai_agents_keito import KeitoRunner, attach, detach

from keito.billing import Recorder, Target, bill_to
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Fails, Says, entries_of, only
from tests.openai_agents.driver import PassingOn
from tests.openai_agents.scripted import agent
from tests.openai_agents.ways import BOTH, Way, ran, said


class ChangingInput(PassingOn):
    def change(self, agent: Agent[Any], input: Any, options: Any) -> tuple[Agent[Any], Any]:
        return agent, [{"role": "user", "content": "Something else."}]


class CloningTheAgent(PassingOn):
    def change(self, agent: Agent[Any], input: Any, options: Any) -> tuple[Agent[Any], Any]:
        return dataclasses.replace(agent, instructions="Be nice."), input


class Around(RunHooks[Any]):
    """Hooks that another library puts around those it is given."""

    def __init__(self, inner: RunHooks[Any]) -> None:
        self._inner = inner

    async def on_llm_start(
        self, context: Any, agent: Any, system_prompt: Any, input_items: Any
    ) -> None:
        await self._inner.on_llm_start(context, agent, system_prompt, input_items)

    async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
        await self._inner.on_llm_end(context, agent, response)


class WrappingHooks(PassingOn):
    def change(self, agent: Agent[Any], input: Any, options: Any) -> tuple[Agent[Any], Any]:
        if options.get("hooks") is not None:
            options["hooks"] = Around(options["hooks"])
        return agent, input


class ChangingBoth(WrappingHooks):
    def change(self, agent: Agent[Any], input: Any, options: Any) -> tuple[Agent[Any], Any]:
        wrapped, given = super().change(agent, input, options)
        return dataclasses.replace(wrapped, instructions="Be nice."), given


class TryingAgain(PassingOn):
    async def run(self, starting_agent: Agent[Any], input: Any, **kwargs: Any) -> RunResult:
        try:
            return await self.inner.run(starting_agent, input, **kwargs)
        except RuntimeError:
            return await self.inner.run(starting_agent, input, **kwargs)


class InAnotherContext(PassingOn):
    async def run(self, starting_agent: Agent[Any], input: Any, **kwargs: Any) -> RunResult:
        loop = asyncio.get_running_loop()
        call = self.inner.run(starting_agent, input, **kwargs)
        return await Context().run(loop.create_task, call)


class NeverDone(AgentRunner):
    async def run(self, starting_agent: Agent[Any], input: Any, **kwargs: Any) -> RunResult:
        class Never:
            def __await__(self) -> Generator[None, None, Any]:
                yield

        raise AssertionError(await Never())


CHANGES = [PassingOn, ChangingInput, CloningTheAgent, WrappingHooks, ChangingBoth]


@pytest.mark.parametrize("other", CHANGES)
@BOTH
async def test_two_of_ours_around_another_count_once(
    way: Way, other: Callable[[AgentRunner], PassingOn], recorder: Recorder, keito: LocalKeito
) -> None:
    inner = other(KeitoRunner(AgentRunner(), recorder))
    set_default_agent_runner(KeitoRunner(inner, recorder))

    await way(agent(Calls("look_up"), Says()))

    metadata = said(recorder, keito)
    assert (metadata["llm_calls"], metadata["tokens_in"]) == (2, 2 * INPUT)


async def test_a_runner_between_ours_that_leaves_our_context_counts_once(
    recorder: Recorder, keito: LocalKeito
) -> None:
    inner = InAnotherContext(KeitoRunner(AgentRunner(), recorder))
    set_default_agent_runner(KeitoRunner(inner, recorder))

    await ran(agent(Calls("look_up"), Says()))

    metadata = said(recorder, keito)
    assert (metadata["llm_calls"], metadata["tokens_in"]) == (2, 2 * INPUT)


def test_a_run_that_is_closed_in_another_context_is_closed(
    recorder: Recorder, keito: LocalKeito
) -> None:
    coroutine = KeitoRunner(NeverDone(), recorder).run(agent(), "Help.")
    Context().run(coroutine.send, None)

    coroutine.close()

    assert said(recorder, keito)["status"] == "cancelled"


async def test_a_runner_below_that_tries_again_is_one_run(
    recorder: Recorder, keito: LocalKeito
) -> None:
    inner = TryingAgain(KeitoRunner(AgentRunner(), recorder))
    set_default_agent_runner(KeitoRunner(inner, recorder))

    await ran(agent(Calls("look_up"), Fails(RuntimeError("no")), Says()))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)


@BOTH
async def test_attaching_again_and_again_around_others_counts_once(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    for _ in range(3):
        attach(recorder)
        set_default_agent_runner(PassingOn(get_default_agent_runner()))
    attach(recorder)

    await way(agent(Calls("look_up"), Says()))

    metadata = said(recorder, keito)
    assert (metadata["llm_calls"], metadata["tool_calls"]) == (2, 1)


def test_attaching_twice_and_detaching_leaves_what_was_set_before(recorder: Recorder) -> None:
    before = PassingOn(AgentRunner())
    set_default_agent_runner(before)

    attach(recorder)
    attach(recorder)
    detach()

    assert get_default_agent_runner() is before


async def test_a_block_wins_over_the_target_that_was_attached(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder, Target(project_id="prj_globex_onboarding"))

    with bill_to(project_id=keito.project_id):
        await ran(agent(Says()))
    await ran(agent(Says()))

    projects = [entry["project_id"] for entry in entries_of(recorder, keito)]
    assert projects == [keito.project_id, "prj_globex_onboarding"]


class Ticket:
    """A context object of the caller's."""

    def __init__(self, target: Target) -> None:
        self.keito_target = target


@BOTH
async def test_the_context_object_says_whom_a_run_is_billed_to(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)

    with bill_to(project_id="prj_globex_onboarding"):
        await way(agent(Says()), context=Ticket(Target(project_id=keito.project_id)))

    assert only(entries_of(recorder, keito))["project_id"] == keito.project_id


async def test_a_name_in_the_context_yields_to_a_block_and_is_never_an_id(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    context = {"keito_target": "prj_globex_onboarding"}

    with bill_to(project_id=keito.project_id, task_id=keito.task_id):
        await ran(agent(Says()), context=context)
    await ran(agent(Says()), context=context)

    assert recorder.flush(20) == 0
    assert [entry["project_id"] for entry in keito.entries()] == [keito.project_id]
    assert recorder.status().records["UNROUTED"] == 1


async def test_the_target_is_taken_when_the_run_opens(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    ticket = Ticket(Target(project_id="prj_globex_onboarding"))
    clerk = agent(Says())

    task = asyncio.ensure_future(ran(clerk, context=ticket))
    await asyncio.sleep(0)
    ticket.keito_target = Target(project_id=keito.project_id)
    await task

    assert only(entries_of(recorder, keito))["project_id"] == "prj_globex_onboarding"


async def test_a_guardrails_agent_of_the_same_name_is_counted(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)

    async def judge(context: object, own: object, given: Any) -> GuardrailFunctionOutput:
        await Runner.run(agent(Says()), given)
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered=False)

    guardrail = InputGuardrail(judge, run_in_parallel=False)
    await ran(agent(Says(), input_guardrails=[guardrail]))

    assert said(recorder, keito)["tokens_in"] == 2 * INPUT
