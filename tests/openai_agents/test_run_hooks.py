"""Billing with hooks alone: what they are told, and when they hear no more of a run."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

import pytest
from agents import (
    Agent,
    AgentsException,
    InputGuardrail,
    RunContextWrapper,
    Runner,
    function_tool,
)
from openai_agents_keito import KeitoRunHooks, attach

from keito.billing import Recorder, bill_to
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Fails, Says, entries_of, only
from tests.openai_agents.scripted import MODEL, agent
from tests.openai_agents.ways import Way, ran, said, streamed, tripping

PLAIN = pytest.mark.parametrize("way", [ran, streamed])


async def let_go(work: Awaitable[None]) -> None:
    """Do it, whatever it raises, and keep nothing of it."""

    async def done() -> None:
        with suppress(AgentsException, RuntimeError):
            await work

    await asyncio.ensure_future(done())
    gc.collect()


@PLAIN
async def test_hooks_alone_bill_a_run(way: Way, recorder: Recorder, keito: LocalKeito) -> None:
    await way(agent(Calls("look_up"), Says()), hooks=KeitoRunHooks(recorder))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)
    assert (metadata["model_name"], metadata["tool_calls"]) == (MODEL, 1)


async def test_one_object_of_hooks_serves_runs_that_overlap(
    recorder: Recorder, keito: LocalKeito
) -> None:
    hooks = KeitoRunHooks(recorder)

    async def one(number: int) -> None:
        with bill_to(session_id=f"session-{number}"):
            await ran(agent(*[Calls("look_up")] * (number % 3), Says()), hooks=hooks)

    await asyncio.gather(*(one(number) for number in range(12)))

    entries = [entry["metadata"] for entry in entries_of(recorder, keito)]
    tokens = {entry["session_id"]: entry["tokens_in"] for entry in entries}
    assert tokens == {f"session-{n}": (n % 3 + 1) * INPUT for n in range(12)}


async def test_a_handoff_is_one_run_for_hooks_alone(recorder: Recorder, keito: LocalKeito) -> None:
    second = agent(Says(), name="second")
    first = agent(Calls("transfer_to_second"), name="first", handoffs=[second])

    await ran(first, hooks=KeitoRunHooks(recorder))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)


async def test_hooks_alone_count_the_agents_that_are_used_as_tools(
    recorder: Recorder, keito: LocalKeito
) -> None:
    expert = agent(Calls("look_up"), Says(), name="expert")
    clerk = agent(Calls("ask", {"input": "?"}), Says(), tools=[expert.as_tool("ask", "Ask.")])

    await ran(clerk, hooks=KeitoRunHooks(recorder))

    metadata = said(recorder, keito)
    assert (metadata["llm_calls"], metadata["tokens_in"]) == (4, 4 * INPUT)


async def test_a_run_of_which_hooks_see_no_end_is_not_charged(
    recorder: Recorder, keito: LocalKeito
) -> None:
    hooks = KeitoRunHooks(recorder)

    await let_go(ran(agent(Calls("look_up"), Fails(RuntimeError("no"))), hooks=hooks))

    entry = only(entries_of(recorder, keito))
    assert entry["billable"] is False
    assert entry["metadata"]["status"] == "abandoned"
    assert entry["metadata"]["tokens_in"] == INPUT


async def test_hooks_alone_do_nothing_where_the_run_is_billed_already(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)

    await ran(agent(Calls("look_up"), Says()), hooks=KeitoRunHooks(recorder))

    metadata = said(recorder, keito)
    assert (metadata["llm_calls"], metadata["tokens_in"]) == (2, 2 * INPUT)


async def test_a_run_whose_model_is_never_called_is_let_go_of_too(
    recorder: Recorder, keito: LocalKeito
) -> None:
    clerk = agent(Says(), input_guardrails=[InputGuardrail(tripping())])

    await let_go(ran(clerk, hooks=KeitoRunHooks(recorder)))

    assert said(recorder, keito)["status"] == "abandoned"


@PLAIN
async def test_agents_used_as_tools_that_are_given_the_same_hooks_are_part_of_the_run(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    hooks = KeitoRunHooks(recorder)
    experts = [agent(Calls("look_up"), Says(), name=f"expert_{n}") for n in range(2)]
    tools = [one.as_tool(one.name, "Ask.", hooks=hooks) for one in experts]
    asks = [Calls(one.name, {"input": "?"}, f"ask_{one.name}") for one in experts]
    clerk = agent(asks, Calls("look_up"), Says(), tools=tools)

    await way(clerk, hooks=hooks)

    metadata = said(recorder, keito)
    assert metadata["status"] == "ok"
    tokens = {name: one["tokens_in"] for name, one in metadata["agents"].items()}
    assert tokens == {"clerk": 3 * INPUT, "expert_0": 2 * INPUT, "expert_1": 2 * INPUT}


async def test_an_agent_used_as_a_tool_that_fails_with_the_same_hooks_does_not_keep_it_open(
    recorder: Recorder, keito: LocalKeito
) -> None:
    hooks = KeitoRunHooks(recorder)
    expert = agent(Fails(RuntimeError("no")), name="expert")
    ask = expert.as_tool("ask", "Ask.", hooks=hooks)

    await ran(agent(Calls("ask", {"input": "?"}), Says(), tools=[ask]), hooks=hooks)

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)


async def test_a_run_that_a_tool_gives_its_own_context_and_the_same_hooks_is_part_of_the_run(
    recorder: Recorder, keito: LocalKeito
) -> None:
    hooks = KeitoRunHooks(recorder)

    @function_tool
    async def ask(context: RunContextWrapper[Any]) -> str:
        """Ask."""
        expert: Agent[Any] = agent(Says(), name="expert")
        return str((await Runner.run(expert, "?", context=context, hooks=hooks)).final_output)

    await ran(agent(Calls("ask"), Says(), tools=[ask]), hooks=hooks)

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 3 * INPUT)


async def test_runs_at_once_that_share_a_context_are_one_record_with_the_tokens_of_all(
    recorder: Recorder, keito: LocalKeito
) -> None:
    hooks, context = KeitoRunHooks(recorder), RunContextWrapper(context=None)
    clerks = [agent(Calls("look_up"), Says()) for _ in range(3)]

    await asyncio.gather(*(ran(clerk, hooks=hooks, context=context) for clerk in clerks))

    metadata = said(recorder, keito)
    assert (metadata["llm_calls"], metadata["tokens_in"]) == (6, 6 * INPUT)
    assert "usage_incomplete" not in metadata


async def test_runs_one_after_the_other_that_share_a_context_are_a_record_each(
    recorder: Recorder, keito: LocalKeito
) -> None:
    hooks, context = KeitoRunHooks(recorder), RunContextWrapper(context=None)

    for _ in range(2):
        await ran(agent(Calls("look_up"), Says()), hooks=hooks, context=context)

    tokens = [entry["metadata"]["tokens_in"] for entry in entries_of(recorder, keito)]
    assert tokens == [2 * INPUT] * 2


async def test_no_run_is_taken_for_one_that_is_gone(recorder: Recorder, keito: LocalKeito) -> None:
    hooks = KeitoRunHooks(recorder)

    # Python gives the ids of what is gone to what is made next.
    for _ in range(2):
        await let_go(ran(agent(Fails(RuntimeError("no"))), hooks=hooks))
        await ran(agent(Says()), hooks=hooks)

    statuses = [entry["metadata"]["status"] for entry in entries_of(recorder, keito)]
    assert sorted(statuses) == ["abandoned"] * 2 + ["ok"] * 2
