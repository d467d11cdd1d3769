"""What is around a run: what it inherits from there, while that has not ended."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from agents import Agent, InputGuardrail, RunHooks, Runner, Tool, function_tool
from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner
from openai_agents_keito import KeitoRunHooks, attach, detach
from openai_agents_keito import run as billed_run

from keito.billing import MemoryOutbox, Recorder, Target, bill_to
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Says, entries_of, only
from tests.openai_agents.scripted import agent
from tests.openai_agents.test_attaching import WrappingHooks
from tests.openai_agents.ways import ran, said, tripping

GLOBEX = "prj_globex_onboarding"


def tokens(recorder: Recorder, keito: LocalKeito) -> dict[str, int]:
    """The tokens of each project."""
    entries = entries_of(recorder, keito)
    return {entry["project_id"]: entry["metadata"]["tokens_in"] for entry in entries}


def leaving(work: Any, done: list[asyncio.Task[Any]]) -> Tool:
    """A tool that leaves work to a task and does not wait for it."""

    @function_tool
    async def look_up() -> str:
        """Look something up, later."""
        done.append(asyncio.create_task(work()))
        return "soon"

    return look_up


async def test_what_goes_on_after_a_run_has_ended_is_billed_to_whom_its_context_says(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    context = {"keito_target": Target(project_id=GLOBEX, task_id=keito.task_id)}
    left: list[asyncio.Task[Any]] = []
    over = asyncio.Event()

    async def later() -> None:
        await over.wait()
        await Runner.run(agent(Says(), name="later"), "?", context=context)

    clerk = Agent(name="clerk", model=agent(Calls("look_up"), Says()).model)
    clerk.tools = [leaving(later, left)]
    await Runner.run(clerk, "Help.", context=context)
    over.set()
    await left[0]

    entries = entries_of(recorder, keito)
    assert [entry["project_id"] for entry in entries] == [GLOBEX, GLOBEX]
    assert all(entry["billable"] for entry in entries)


async def test_a_run_tried_again_after_a_guardrail_refused_it_is_billed(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    guardrail = InputGuardrail(tripping(), run_in_parallel=False)
    clerk = agent(Says(), input_guardrails=[guardrail])

    async def again() -> None:
        clerk.input_guardrails = []
        await Runner.run(clerk, "Help.")

    left: list[asyncio.Task[Any]] = []
    trip = tripping()

    async def refused(*args: Any) -> Any:
        left.append(asyncio.create_task(_after(stopped, again)))
        return await trip(*args)

    stopped = asyncio.Event()
    guardrail.guardrail_function = refused
    with pytest.raises(Exception, match="tripwire"):
        await Runner.run(clerk, "Help.")
    stopped.set()
    await left[0]

    statuses = [entry["metadata"]["status"] for entry in entries_of(recorder, keito)]
    assert statuses == ["guardrail", "ok"]


async def _after(event: asyncio.Event, work: Any) -> None:
    await event.wait()
    await work()


async def test_runs_that_start_one_another_lose_no_tokens_and_keep_nothing_alive(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    alive: list[weakref.ref[Agent[Any]]] = []
    done = asyncio.Event()

    async def link(number: int) -> None:
        if number == 300:
            done.set()
            return

        @function_tool
        async def look_up() -> str:
            """Start the next one."""
            tasks.append(asyncio.create_task(link(number + 1)))
            return "started"

        clerk = Agent(name="clerk", model=agent(Calls("look_up"), Says()).model, tools=[look_up])
        alive.append(weakref.ref(clerk))
        await Runner.run(clerk, "Help.")

    tasks = [asyncio.create_task(link(0))]
    await done.wait()
    for task in tasks:
        await task
    tasks.clear()
    await asyncio.sleep(0)
    gc.collect()

    entries = entries_of(recorder, keito)
    assert sum(entry["metadata"]["tokens_in"] for entry in entries) == 300 * 2 * INPUT
    assert sum(one() is not None for one in alive) <= 1


async def test_a_task_that_outlives_a_run_keeps_neither_its_agent_nor_its_context(
    recorder: Recorder,
) -> None:
    class Customer:
        pass

    attach(recorder)
    left: list[asyncio.Task[Any]] = []
    forever = asyncio.Event()
    customer = Customer()
    clerk = Agent(name="clerk", model=agent(Calls("look_up"), Says()).model)
    clerk.tools = [leaving(forever.wait, left)]
    kept: list[weakref.ref[Any]] = [weakref.ref(customer), weakref.ref(clerk)]

    await Runner.run(clerk, "Help.", context=customer)
    del customer, clerk
    gc.collect()

    assert [one() for one in kept] == [None, None]
    left[0].cancel()


async def test_a_nested_run_is_recorded_where_the_one_around_it_is(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(Recorder(outbox=MemoryOutbox(), courier="external"))
    expert = agent(Says(), name="expert").as_tool("ask", "Ask.")

    clerk = agent(Calls("ask", {"input": "?"}), Says(), tools=[expert])
    await billed_run(clerk, "Help.", recorder=recorder)

    assert said(recorder, keito)["tokens_in"] == 3 * INPUT


async def test_a_nested_run_is_for_whom_its_parent_is_and_not_for_the_block_around_both(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    expert = agent(Says(), name="expert").as_tool("ask", "Ask.")
    clerk = agent(Calls("ask", {"input": "?"}), Says(), tools=[expert])
    acme = Target(project_id=keito.project_id, task_id=keito.task_id)

    with bill_to(project_id=GLOBEX, task_id=keito.task_id):
        await ran(clerk, context={"keito_target": acme})

    assert tokens(recorder, keito) == {keito.project_id: 3 * INPUT}


async def test_a_nested_run_that_only_its_hooks_tell_of_is_part_of_the_run(
    recorder: Recorder, keito: LocalKeito
) -> None:
    @function_tool
    async def ask() -> str:
        """Ask another."""
        hooks = KeitoRunHooks(recorder)
        return str((await Runner.run(agent(Says(), name="expert"), "?", hooks=hooks)).final_output)

    await billed_run(agent(Calls("ask"), Says(), tools=[ask]), "Help.", recorder=recorder)

    metadata = said(recorder, keito)
    assert metadata["tokens_in"] == 3 * INPUT
    assert set(metadata["agents"]) == {"clerk", "expert"}


async def test_agents_as_tools_are_billed_where_another_library_has_set_its_runner_instead(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    set_default_agent_runner(AgentRunner())
    expert = agent(Says(), name="expert").as_tool("ask", "Ask.")

    clerk = agent(Calls("ask", {"input": "?"}), Says(), tools=[expert])
    await billed_run(clerk, "Help.")

    assert said(recorder, keito)["tokens_in"] == 3 * INPUT


async def test_agents_as_tools_that_begin_after_a_detach_are_part_of_the_run_that_was_open(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)

    @function_tool
    def stop() -> str:
        """Stop billing."""
        detach()
        return "stopped"

    expert = agent(Says(), name="expert").as_tool("ask", "Ask.")
    clerk = agent(
        Calls("stop"), Calls("ask", {"input": "?"}, "call_2"), Says(), tools=[stop, expert]
    )
    await ran(clerk)

    assert said(recorder, keito)["tokens_in"] == 4 * INPUT


class Renaming(WrappingHooks):
    def change(self, agent: Agent[Any], input: Any, options: Any) -> tuple[Agent[Any], Any]:
        wrapped, given = super().change(agent, input, options)
        return wrapped.clone(name="renamed"), given


async def test_a_library_that_wraps_the_hooks_and_renames_the_agent_doubles_nothing(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    set_default_agent_runner(Renaming(get_default_agent_runner()))

    await billed_run(agent(Calls("look_up"), Says()), "Help.")

    metadata = only(entries_of(recorder, keito))["metadata"]
    assert (metadata["tokens_in"], metadata["llm_calls"]) == (2 * INPUT, 2)


async def test_a_guardrails_agent_of_the_same_name_and_with_hooks_is_billed(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    hooks: RunHooks[Any] = RunHooks()

    async def judge(*args: object) -> Any:
        await Runner.run(agent(Says()), "Is it fine?", hooks=hooks)
        return await tripping()()

    guardrail = InputGuardrail(judge, run_in_parallel=False)
    with pytest.raises(Exception, match="tripwire"):
        await Runner.run(agent(Says(), input_guardrails=[guardrail]), "Help.", hooks=hooks)

    assert said(recorder, keito)["tokens_in"] == INPUT


class Asking(RunHooks[Any]):
    """A caller's hooks that run an agent for another client, on the context they are given."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._asked = False

    async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
        if not self._asked:
            self._asked = True
            with bill_to(project_id=GLOBEX, task_id=self._task):
                await Runner.run(inside(), "?", context=context)


def inside() -> Agent[Any]:
    return agent(Says(), name="inside")


async def test_a_run_inside_a_callers_hook_is_told_apart_from_the_one_around_it(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)

    await Runner.run(agent(Says()), "?", hooks=Asking(keito.task_id))

    assert tokens(recorder, keito) == {GLOBEX: INPUT, keito.project_id: INPUT}


async def test_a_name_in_a_context_overrules_no_block_around_both_runs(
    named: Recorder, keito: LocalKeito
) -> None:
    @function_tool
    async def ask() -> str:
        """Ask."""
        await Runner.run(inside(), "?", context={"keito_target": "globex"})
        return "asked"

    with bill_to(project_id=keito.project_id, task_id=keito.task_id):
        await ran(agent(Calls("ask"), Says(), tools=[ask]))

    assert tokens(named, keito) == {keito.project_id: 3 * INPUT}
