"""Usage that several share: each request is in one record, and what nobody was told is not lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from agents import RunContextWrapper, Runner, Usage, function_tool
from agents.memory import SessionABC
from agents.run import get_default_agent_runner, set_default_agent_runner
from openai_agents_keito import attach, detach
from openai_agents_keito import run as billed_run

from keito.billing import Recorder, bill_to
from keito.testing import LocalKeito
from tests.contract import INPUT, OUTPUT, Calls, Hangs, Says, entries_of
from tests.openai_agents.driver import PassingOn
from tests.openai_agents.scripted import ScriptedModel, agent
from tests.openai_agents.test_resuming import interrupted, pay
from tests.openai_agents.ways import ALL, BOTH, Way, ran, said

SUMMARY = Usage(requests=1, input_tokens=4000, output_tokens=300, total_tokens=4300)


def added(context: RunContextWrapper[Any]) -> str:
    """Consume something of which no hook is told."""
    context.usage.add(SUMMARY)
    return "added"


consume = function_tool(added, name_override="consume")


@pytest.mark.parametrize("attached", [True, False], ids=["attached", "own run"])
async def test_what_the_sdk_counts_and_tells_no_hook_is_recorded(
    attached: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    clerk = agent(Calls("consume"), Says(), tools=[consume])

    if attached:
        attach(recorder)
        await ran(clerk)
    else:
        await billed_run(clerk, "Help.", recorder=recorder)

    metadata = said(recorder, keito)
    assert metadata["tokens_in"] == 2 * INPUT + SUMMARY.input_tokens
    assert metadata["tokens_out"] == 2 * OUTPUT + SUMMARY.output_tokens


async def test_a_call_that_is_cut_off_is_not_given_what_was_counted_before_it(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    reached = asyncio.Event()
    clerk = agent(Calls("consume"), Hangs(reached), tools=[consume])

    running = asyncio.create_task(Runner.run(clerk, "Help."))
    await reached.wait()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running

    metadata = said(recorder, keito)
    assert metadata["agents"]["clerk"]["tokens_in"] == INPUT
    assert (metadata["usage_incomplete"], metadata["llm_calls"]) == (True, 3)


async def test_of_two_runs_at_once_on_one_context_neither_gets_the_tokens_of_the_other(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    shared: RunContextWrapper[Any] = RunContextWrapper(context=None)
    reached = asyncio.Event()

    hanging = asyncio.create_task(Runner.run(agent(Hangs(reached)), "?", context=shared))
    await reached.wait()
    await Runner.run(agent(Says(), name="other"), "?", context=shared)
    hanging.cancel()
    with suppress(asyncio.CancelledError):
        await hanging

    said_of = [entry["metadata"] for entry in entries_of(recorder, keito)]
    assert {(m["status"], m.get("tokens_in")) for m in said_of} == {
        ("ok", INPUT),
        ("cancelled", None),
    }


async def test_a_run_two_levels_below_that_is_given_the_outermost_context_counts_once(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    given: list[RunContextWrapper[Any]] = []
    expert = agent(Says(), name="expert")

    @function_tool
    async def ask_expert() -> str:
        """Ask with the outermost run's context."""
        return str((await Runner.run(expert, "?", context=given[0])).final_output)

    middle = agent(Calls("ask_expert"), Says(), name="middle", tools=[ask_expert])

    @function_tool
    async def ask_middle(context: RunContextWrapper[Any]) -> str:
        """Ask with a context of its own."""
        given.append(context)
        return str((await Runner.run(middle, "?")).final_output)

    await ran(agent(Calls("ask_middle"), Says(), tools=[ask_middle]))

    metadata = said(recorder, keito)
    assert (metadata["tokens_in"], metadata["llm_calls"]) == (5 * INPUT, 5)


class Uncounted(ScriptedModel):
    """Answers without saying what it took."""

    async def get_response(self, *args: object, **kwargs: object) -> Any:
        answer = await super().get_response(*args, **kwargs)
        answer.usage = Usage(requests=1)
        return answer


async def test_an_unknown_call_of_one_client_is_not_given_the_tokens_of_another(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    one = agent(name="one")
    one.model = Uncounted(Says())

    @function_tool
    async def ask_one(context: RunContextWrapper[Any]) -> str:
        """Ask for another client."""
        with bill_to(project_id="prj_globex_onboarding", task_id=keito.task_id):
            result = await Runner.run(one, "?", context=context)
        context.usage.add(SUMMARY)
        return str(result.final_output)

    await ran(agent(Calls("ask_one"), Says(), tools=[ask_one]))

    found = {e["project_id"]: e["metadata"] for e in entries_of(recorder, keito)}
    assert "tokens_in" not in found["prj_globex_onboarding"]
    assert found[keito.project_id]["tokens_in"] == 2 * INPUT + SUMMARY.input_tokens


@BOTH
@pytest.mark.parametrize("attached", [True, False], ids=["attached", "own run"])
async def test_agents_used_as_tools_that_go_on_after_an_approval_are_counted_once(
    attached: bool, way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    if attached:
        attach(recorder)
    mine = uuid4().hex  # see `test_resuming`
    expert = agent(Calls("pay", id=f"call_1_{mine}"), Says(), name="expert", tools=[pay])
    ask = expert.as_tool("ask", "Ask.")
    clerk = agent(Calls("ask", {"input": "?"}, f"call_0_{mine}"), Says(), tools=[ask])
    if attached:
        await way(clerk, await interrupted(clerk))
    else:
        first = await billed_run(clerk, "Help.", recorder=recorder)
        state = first.to_state()
        state.approve(first.interruptions[0])
        await billed_run(clerk, state, recorder=recorder)

    tokens = [entry["metadata"]["tokens_in"] for entry in entries_of(recorder, keito)]
    assert tokens == [2 * INPUT, 2 * INPUT]


class DroppingHooks(PassingOn):
    def change(self, agent: Any, input: Any, options: Any) -> tuple[Any, Any]:
        options.pop("hooks", None)
        return agent, input


@ALL
async def test_a_run_whose_hooks_another_runner_drops_has_its_answers_all_the_same(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    set_default_agent_runner(DroppingHooks(get_default_agent_runner()))
    attach(recorder)

    await way(agent(Calls("look_up"), Says()))
    detach()

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)


class Summing(SessionABC):
    """A session that pays for a summary once the answer is there, as a compacting one does."""

    session_id = "ses_1"
    session_settings = None

    def __init__(self, context: RunContextWrapper[Any]) -> None:
        self._context = context

    async def get_items(self, limit: int | None = None) -> list[Any]:
        return []

    async def add_items(self, items: list[Any]) -> None:
        if any(item.get("role") == "assistant" for item in items):
            self._context.usage.add(SUMMARY)

    async def pop_item(self) -> None:
        pass

    async def clear_session(self) -> None:
        pass


@BOTH
async def test_what_a_session_pays_for_is_part_of_its_run(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    context: RunContextWrapper[Any] = RunContextWrapper(context=None)

    await way(agent(Says()), session=Summing(context), context=context)

    assert said(recorder, keito)["tokens_in"] == INPUT + SUMMARY.input_tokens


async def test_what_goes_on_without_its_hooks_after_an_approval_is_counted_once(
    recorder: Recorder, keito: LocalKeito
) -> None:
    set_default_agent_runner(DroppingHooks(get_default_agent_runner()))
    attach(recorder)
    clerk = agent(Calls("pay"), Says(), tools=[pay])

    await ran(clerk, await interrupted(clerk))

    tokens = [entry["metadata"]["tokens_in"] for entry in entries_of(recorder, keito)]
    assert tokens == [INPUT, INPUT]


class DroppingTheExperts(DroppingHooks):
    def change(self, agent: Any, input: Any, options: Any) -> tuple[Any, Any]:
        return super().change(agent, input, options if agent.name == "expert" else {})


async def test_an_agent_used_as_a_tool_whose_hooks_are_dropped_is_counted_once(
    recorder: Recorder, keito: LocalKeito
) -> None:
    set_default_agent_runner(DroppingTheExperts(get_default_agent_runner()))
    attach(recorder)
    ask = agent(Says(), name="expert").as_tool("ask", "Ask.")

    await ran(agent(Calls("ask", {"input": "?"}), Says(), tools=[ask]))

    assert said(recorder, keito)["tokens_in"] == 3 * INPUT


class Failing(ScriptedModel):
    """Is counted, and fails then."""

    def __init__(self, context: RunContextWrapper[Any], name: str) -> None:
        super().__init__()
        self.model = name
        self._context = context

    async def get_response(self, *args: object, **kwargs: object) -> Any:
        self._context.usage.add(SUMMARY)
        raise RuntimeError("refused after it was counted")


async def test_what_may_be_one_of_two_models_calls_is_priced_as_neither(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    context: RunContextWrapper[Any] = RunContextWrapper(context=None)
    slow, bad = agent(name="slow"), agent(name="bad")
    reached = asyncio.Event()
    slow.model, bad.model = ScriptedModel(Hangs(reached)), Failing(context, "dear-1")

    @function_tool
    async def ask() -> str:
        """Ask both."""
        asking = asyncio.create_task(Runner.run(slow, "?", context=context))
        await reached.wait()
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        with suppress(RuntimeError):
            await Runner.run(bad, "?", context=context)
        return "neither"

    await ran(agent(Calls("ask"), Says(), tools=[ask]), context=context)

    models = said(recorder, keito)["models"]
    assert models["dear-1"]["tokens_in"] is None
    assert models["unknown"]["tokens_in"] == SUMMARY.input_tokens


class Bare(PassingOn):
    """Returns a result of its own, which says the answer only."""

    async def run(self, starting_agent: Any, input: Any, **kwargs: Any) -> Any:
        result = await self.inner.run(starting_agent, input, **kwargs)
        return SimpleNamespace(final_output=result.final_output)


async def test_a_run_is_recorded_whatever_a_runner_returns(
    recorder: Recorder, keito: LocalKeito
) -> None:
    set_default_agent_runner(Bare(get_default_agent_runner()))
    attach(recorder)

    await ran(agent(Says()))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", INPUT)
