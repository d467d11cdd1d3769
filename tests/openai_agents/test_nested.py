"""Agents within agents: in one record, or each in its own, and their time counted once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from agents import Agent, Runner, Tool, function_tool
from openai_agents_keito import attach

from keito.billing import Contract, MemoryOutbox, Recorder, Target, bill_to
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Fails, Says, entries_of, only
from tests.openai_agents.scripted import agent
from tests.openai_agents.ways import BOTH, Way, said


@function_tool
async def wait() -> str:
    """Take some time."""
    await asyncio.sleep(0.05)
    return "waited"


def boss(**settings: Any) -> Agent[Any]:
    """An agent that asks two slow ones at once: one as a tool, one run inside a tool."""
    left = agent(Calls("wait"), Says(), name="left", tools=[wait])
    right = agent(Calls("wait"), Says(), name="right", tools=[wait])

    @function_tool
    async def run_right() -> str:
        """Run it."""
        return str((await Runner.run(right, "?")).final_output)

    asks = [Calls("ask_left", {"input": "?"}, "ask_1"), Calls("run_right", {}, "ask_2")]
    tools: list[Tool] = [left.as_tool("ask_left", "Ask."), run_right]
    return agent(asks, Says(), name="boss", tools=tools, **settings)


def seconds(entry: dict[str, Any], name: str = "seconds_charged") -> Decimal:
    return Decimal(str(entry["metadata"][name]))


@BOTH
async def test_parallel_agents_are_in_one_record_with_their_tokens_and_its_time(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)

    await way(boss())

    entry = only(entries_of(recorder, keito))
    shares = {name: one["tokens_in"] for name, one in entry["metadata"]["agents"].items()}
    assert shares == {"boss": 2 * INPUT, "left": 2 * INPUT, "right": 2 * INPUT}
    assert entry["metadata"]["tokens_in"] == 6 * INPUT
    assert seconds(entry) == seconds(entry, "seconds_raw")


@pytest.fixture
def separate(keito: LocalKeito) -> Iterator[Recorder]:
    recorder = Recorder(
        outbox=MemoryOutbox(),
        target=Target(project_id=keito.project_id, task_id=keito.task_id),
        contract=Contract(children="separate"),
        api_key=keito.api_key,
        account_id=keito.account_id,
        base_url=keito.base_url,
    )
    yield recorder
    recorder.close(0)


@BOTH
async def test_separate_records_share_tokens_and_time_and_are_linked(
    way: Way, separate: Recorder, keito: LocalKeito
) -> None:
    attach(separate)

    await way(boss())

    entries = {e["metadata"]["agent_id"]: e for e in entries_of(separate, keito)}
    root = entries["boss"]
    tokens = {name: entry["metadata"]["tokens_in"] for name, entry in entries.items()}
    assert tokens == {"boss": 2 * INPUT, "left": 2 * INPUT, "right": 2 * INPUT}
    for name in ("left", "right"):
        assert entries[name]["metadata"]["parent_run_id"] == root["metadata"]["run_id"]
    assert sum(map(seconds, entries.values())) <= seconds(root, "seconds_raw")


@BOTH
async def test_an_agent_that_works_for_another_client_takes_its_time_out_of_the_others(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    other = agent(Calls("wait"), Says(), name="other", tools=[wait])

    @function_tool
    async def ask_other() -> str:
        """Ask for another client."""
        with bill_to(project_id="prj_globex_onboarding", task_id=keito.task_id):
            return str((await Runner.run(other, "?")).final_output)

    await way(agent(Calls("ask_other"), Says(), tools=[ask_other]))

    entries = {entry["project_id"]: entry for entry in entries_of(recorder, keito)}
    ours, theirs = entries[keito.project_id], entries["prj_globex_onboarding"]
    assert (ours["metadata"]["tokens_in"], theirs["metadata"]["tokens_in"]) == (2 * INPUT,) * 2
    assert theirs["metadata"]["parent_run_id"] == ours["metadata"]["run_id"]
    assert seconds(ours) + seconds(theirs) <= seconds(ours, "seconds_raw")


@BOTH
async def test_a_context_object_is_for_the_run_it_is_given_to_and_those_within(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)

    @function_tool
    async def ask_other() -> str:
        """Ask for another client, with the same context."""
        with bill_to(project_id="prj_globex_onboarding", task_id=keito.task_id):
            inner = await Runner.run(agent(Says(), name="other"), "?", context=context)
        return str(inner.final_output)

    context = {"keito_target": Target(project_id=keito.project_id)}
    await way(agent(Calls("ask_other"), Says(), tools=[ask_other]), context=context)

    projects = {entry["project_id"] for entry in entries_of(recorder, keito)}
    assert projects == {keito.project_id, "prj_globex_onboarding"}


@BOTH
async def test_an_agent_used_as_a_tool_that_fails_is_counted(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    expert = agent(Calls("look_up"), Fails(RuntimeError("no")), name="expert")
    clerk = agent(Calls("ask", {"input": "?"}), Says(), tools=[expert.as_tool("ask", "Ask.")])

    await way(clerk)

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 3 * INPUT)
