"""Billing without `attach`: by our own three functions, or by hooks."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from agents import (
    Agent,
    Runner,
)
from openai_agents_keito import (
    KeitoRunHooks,
    attach,
    run,
    run_streamed,
    run_sync,
)

from keito.billing import Recorder, Target, bill_to
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Fails, Says, entries_of, only
from tests.openai_agents.scripted import MODEL, agent
from tests.openai_agents.ways import (
    Noting,
    Way,
    in_a_thread,
    ran,
    said,
    streamed,
)


async def explicitly(clerk: Agent[Any], **options: Any) -> None:
    await run(clerk, "Help.", **options)


async def explicitly_streamed(clerk: Agent[Any], **options: Any) -> None:
    async for _ in run_streamed(clerk, "Help.", **options).stream_events():
        pass


async def explicitly_in_a_thread(clerk: Agent[Any], **options: Any) -> None:
    await in_a_thread(clerk, run_sync=run_sync, **options)


EXPLICIT = pytest.mark.parametrize("way", [explicitly, explicitly_streamed, explicitly_in_a_thread])
PLAIN = pytest.mark.parametrize("way", [ran, streamed])


@EXPLICIT
async def test_a_run_that_is_chosen_is_billed_and_no_other(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    await way(agent(Calls("look_up"), Says()), recorder=recorder)
    await ran(agent(Says()))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)
    assert metadata["tool_calls"] == 1


@EXPLICIT
async def test_its_argument_says_whom_it_is_billed_to(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    with bill_to(project_id="prj_globex_onboarding"):
        await way(agent(Says()), recorder=recorder, target=Target(project_id=keito.project_id))

    assert only(entries_of(recorder, keito))["project_id"] == keito.project_id


@EXPLICIT
async def test_a_chosen_run_is_billed_once_beside_attach(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)

    await way(agent(Calls("look_up"), Says()), recorder=recorder)

    metadata = said(recorder, keito)
    assert (metadata["llm_calls"], metadata["tokens_in"]) == (2, 2 * INPUT)


@EXPLICIT
@pytest.mark.parametrize("attached", [False, True])
async def test_the_tokens_of_agents_used_as_tools_are_in_it(
    attached: bool, way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    if attached:
        attach(recorder)
    expert = agent(Calls("look_up"), Says(), name="expert")
    clerk = agent(Calls("ask", {"input": "?"}), Says(), tools=[expert.as_tool("ask", "Ask.")])

    await way(clerk, recorder=recorder)

    metadata = said(recorder, keito)
    assert (metadata["llm_calls"], metadata["tokens_in"]) == (4, 4 * INPUT)
    assert ("expert" in metadata.get("agents", {})) == attached


async def test_an_error_ends_a_chosen_run_and_reaches_the_caller(
    recorder: Recorder, keito: LocalKeito
) -> None:
    error = RuntimeError("no")

    with pytest.raises(RuntimeError) as raised:
        await run(agent(Fails(error)), "Help.", recorder=recorder)

    assert raised.value is error
    assert said(recorder, keito)["status"] == "error"


async def test_the_callers_hooks_are_called_in_a_chosen_run(recorder: Recorder) -> None:
    ours, plain = Noting(), Noting()

    await run(agent(Calls("look_up"), Says()), "Help.", recorder=recorder, hooks=ours)
    await Runner.run(agent(Calls("look_up"), Says()), "Help.", hooks=plain)

    assert ours.seen == plain.seen


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

    async def fail() -> None:
        with pytest.raises(RuntimeError):
            await ran(agent(Calls("look_up"), Fails(RuntimeError("no"))), hooks=hooks)

    await asyncio.ensure_future(fail())
    gc.collect()

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


async def test_a_chosen_run_is_recorded_where_attach_records(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder, Target(session_id="attached"))

    await run(agent(Says()), "Help.")

    assert said(recorder, keito)["session_id"] == "attached"
