"""Runs that wait for a person: two records, linked, and the wait in neither."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest
from agents import (
    Agent,
    RunConfig,
    Runner,
    RunState,
    function_tool,
    set_trace_processors,
    set_tracing_disabled,
)

from keito.billing import Recorder, Target
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Says, entries_of
from tests.openai_agents.scripted import ScriptedModel, agent
from tests.openai_agents.ways import BOTH, Way, ran, streamed

pytestmark = pytest.mark.usefixtures("attached")


@function_tool(needs_approval=True)
def pay() -> str:
    """Pay."""
    return "paid"


def payer(*replies: Any) -> Agent[Any]:
    return agent(*(replies or (Calls("pay"), Says())), tools=[pay])


async def interrupted(clerk: Agent[Any], **options: Any) -> RunState[Any]:
    """Run it until it waits, and approve what it waits for."""
    first = await Runner.run(clerk, "Help.", **options)
    state = first.to_state()
    for interruption in first.interruptions:
        state.approve(interruption)
    return state


def records(recorder: Recorder, keito: LocalKeito) -> list[dict[str, Any]]:
    metadata: list[dict[str, Any]] = [e["metadata"] for e in entries_of(recorder, keito)]
    return metadata


@BOTH
@pytest.mark.parametrize("tracing", [True, False], ids=["traced", "untraced"])
@pytest.mark.parametrize("as_text", [False, True], ids=["as it is", "as text"])
async def test_a_run_that_waits_and_goes_on_is_two_records(
    as_text: bool, tracing: bool, way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    set_trace_processors([])
    set_tracing_disabled(False)
    config = RunConfig(tracing_disabled=not tracing)
    clerk = payer()
    state = await interrupted(clerk, run_config=config)
    if as_text:
        state = await RunState.from_string(clerk, state.to_string())

    await way(clerk, state, run_config=config)

    first, second = records(recorder, keito)
    # The SDK's own usage counts the first call again in the second run.
    assert (first["status"], first["tokens_in"]) == ("interrupted", INPUT)
    assert (second["status"], second["tokens_in"]) == ("ok", INPUT)
    assert second["parent_run_id"] == first["run_id"]
    assert second["resumes"] == first["interruption"]


async def test_a_streamed_run_waits_like_any_other(recorder: Recorder, keito: LocalKeito) -> None:
    clerk = payer()
    result = Runner.run_streamed(clerk, "Help.")
    async for _ in result.stream_events():
        pass
    state = result.to_state()
    state.approve(result.interruptions[0])

    await streamed(clerk, state)

    first, second = records(recorder, keito)
    assert (first["status"], second["status"]) == ("interrupted", "ok")
    assert second["parent_run_id"] == first["run_id"]


async def test_the_wait_is_not_charged(recorder: Recorder, keito: LocalKeito) -> None:
    clerk = payer()
    state = await interrupted(clerk)
    first_ended = records(recorder, keito)[0]["ended_at"]

    await ran(clerk, state)

    assert records(recorder, keito)[1]["started_at"] > first_ended


async def test_each_interruption_of_several_is_linked_to_the_one_before(
    recorder: Recorder, keito: LocalKeito
) -> None:
    clerk = payer(Calls("pay", id="call_1"), Calls("pay", id="call_2"), Says())
    state = await interrupted(clerk)
    second = await Runner.run(clerk, state)
    state = second.to_state()
    state.approve(second.interruptions[0])

    await ran(clerk, state)

    runs = records(recorder, keito)
    assert [run["status"] for run in runs] == ["interrupted", "interrupted", "ok"]
    assert [run.get("parent_run_id") for run in runs] == [
        None,
        runs[0]["run_id"],
        runs[1]["run_id"],
    ]
    assert [run["tokens_in"] for run in runs] == [INPUT] * 3


@BOTH
@pytest.mark.parametrize("as_text", [False, True], ids=["as it is", "as text"])
async def test_an_approval_inside_an_agent_used_as_a_tool_is_in_both_records_once(
    as_text: bool, way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    # Older releases keep what waits in an agent used as a tool by the call's id, for all runs.
    mine = uuid4().hex
    expert = payer(Calls("pay", id=f"call_1_{mine}"), Says())
    ask = expert.as_tool("ask", "Ask.")
    asks = Calls("ask", {"input": "?"}, f"call_0_{mine}")
    boss = agent(asks, Says(), name="boss", tools=[ask])
    state = await interrupted(boss)
    if as_text:
        state = await RunState.from_string(boss, state.to_string())

    await way(boss, state)

    first, second = records(recorder, keito)
    assert (first["status"], first["tokens_in"]) == ("interrupted", 2 * INPUT)
    assert (second["status"], second["tokens_in"]) == ("ok", 2 * INPUT)
    assert second["tool_calls"] >= 1
    assert second["parent_run_id"] == first["run_id"]
    assert second["resumes"] == first["interruption"]


async def test_the_context_of_a_resumed_run_still_says_whom_it_is_billed_to(
    recorder: Recorder, keito: LocalKeito
) -> None:
    clerk = payer()
    other = Target(project_id="prj_globex_onboarding", task_id=keito.task_id)
    state = await interrupted(clerk, context={"keito_target": other})

    await ran(clerk, state)

    projects = [entry["project_id"] for entry in entries_of(recorder, keito)]
    assert projects == ["prj_globex_onboarding"] * 2


async def test_a_context_that_names_its_target_does_so_when_it_was_text_meanwhile(
    named: Recorder, keito: LocalKeito
) -> None:
    clerk = payer()
    first = await Runner.run(clerk, "Help.", context={"keito_target": "globex"})
    state = await RunState.from_string(clerk, first.to_state().to_string())
    state.approve(state.get_interruptions()[0])

    await ran(clerk, state)

    projects = [entry["project_id"] for entry in entries_of(named, keito)]
    assert projects == ["prj_globex_onboarding"] * 2


async def test_a_run_that_goes_on_in_another_process_is_linked_and_counts_its_own_tokens(
    recorder: Recorder, keito: LocalKeito
) -> None:
    state = await interrupted(payer())

    await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.openai_agents.elsewhere"],
        input=state.to_string().encode(),
        env={**keito.env, "OPENAI_AGENTS_DISABLE_TRACING": "1"},
        check=True,
        timeout=60,
    )

    first, second = records(recorder, keito)
    assert (second["status"], second["tokens_in"]) == ("ok", INPUT)
    assert second["resumes"] == first["interruption"]


async def waiting(model: ScriptedModel, **options: Any) -> RunState[Any]:
    """A run that waits for a call whose id is the same in every run."""
    clerk = Agent(name="clerk", model=model, tools=[pay])
    return await interrupted(clerk, **options)


async def test_waits_for_calls_of_one_id_are_told_apart(
    recorder: Recorder, keito: LocalKeito
) -> None:
    states = [await waiting(ScriptedModel(Calls("pay"), Says())) for _ in range(2)]

    for state in reversed(states):
        await Runner.run(payer(Says()), state)

    first, second, *rest = records(recorder, keito)
    assert first["interruption"] != second["interruption"]
    assert [one["parent_run_id"] for one in rest] == [second["run_id"], first["run_id"]]
    assert [one["resumes"] for one in rest] == [second["interruption"], first["interruption"]]


class Nameless(ScriptedModel):
    """A server that gives no answer an id."""

    async def get_response(self, *args: object, **kwargs: object) -> Any:
        answer = await super().get_response(*args, **kwargs)
        answer.response_id = None
        return answer


async def test_waits_that_nothing_tells_apart_are_linked_to_no_run(
    recorder: Recorder, keito: LocalKeito
) -> None:
    states = [await waiting(Nameless(Calls("pay"), Says())) for _ in range(2)]

    await Runner.run(payer(Says()), states[0])

    *_, resumed = records(recorder, keito)
    assert "parent_run_id" not in resumed


async def test_a_state_that_waits_for_nobody_resumes_nothing(
    recorder: Recorder, keito: LocalKeito
) -> None:
    result = Runner.run_streamed(agent(Calls("look_up"), Says()), "Help.")
    result.cancel("after_turn")
    async for _ in result.stream_events():
        pass

    await Runner.run(agent(Says()), result.to_state())

    _, second = records(recorder, keito)
    assert (second["status"], "resumes" in second) == ("ok", False)
