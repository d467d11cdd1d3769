"""Billing without `attach`, by our own three functions."""

from __future__ import annotations

from typing import Any

import pytest
from agents import (
    Agent,
    Runner,
)
from openai_agents_keito import (
    attach,
    run,
    run_streamed,
    run_sync,
)

from keito.billing import Recorder, Target, bill_to
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Fails, Says, entries_of, only
from tests.openai_agents.scripted import agent
from tests.openai_agents.ways import (
    Noting,
    Way,
    in_a_thread,
    ran,
    said,
)


async def explicitly(clerk: Agent[Any], **options: Any) -> None:
    await run(clerk, "Help.", **options)


async def explicitly_streamed(clerk: Agent[Any], **options: Any) -> None:
    async for _ in run_streamed(clerk, "Help.", **options).stream_events():
        pass


async def explicitly_in_a_thread(clerk: Agent[Any], **options: Any) -> None:
    await in_a_thread(clerk, run_sync=run_sync, **options)


EXPLICIT = pytest.mark.parametrize("way", [explicitly, explicitly_streamed, explicitly_in_a_thread])


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


async def test_a_chosen_run_is_recorded_where_attach_records(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder, Target(session_id="attached"))

    await run(agent(Says()), "Help.")

    assert said(recorder, keito)["session_id"] == "attached"
