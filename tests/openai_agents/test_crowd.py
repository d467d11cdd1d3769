"""Many trees of agents at once, over real HTTP: every record is exact."""

from __future__ import annotations

import asyncio
from typing import Any

from agents import Agent, OpenAIResponsesModel, Runner, Tool, function_tool
from openai import AsyncOpenAI
from openai_agents_keito import attach

from examples.demo.conversation import Conversation
from examples.demo.model_server import scripted_model
from examples.demo.reply import Call, Reply, Tokens
from keito.billing import Recorder, bill_to
from keito.testing import LocalKeito
from tests.contract import INPUT, OUTPUT, Calls, Says, entries_of
from tests.openai_agents.scripted import agent
from tests.openai_agents.ways import streamed

RUNS = 120
EACH = Tokens(prompt=1_000, cached=600, generated=50, reasoning=20)


def tree(number: int) -> tuple[Agent[Any], int]:
    """An agent that asks two others at once, and how many calls they make together."""
    extra = number % 3
    looks = [Calls("look_up", id=f"call_{n}") for n in range(extra)]
    experts = [agent(*looks, Says(), name=name) for name in ("left", "right")]

    @function_tool
    async def run_right() -> str:
        """Run an agent without the SDK's knowing."""
        return str((await Runner.run(experts[1], "?")).final_output)

    tools: list[Tool] = [experts[0].as_tool("ask_left", "Ask."), run_right]
    asks = [Calls("ask_left", {"input": "?"}, "ask_1"), Calls("run_right", {}, "ask_2")]
    return agent(asks, Says(), name="clerk", tools=tools), 2 + 2 * (extra + 1)


async def test_every_tree_of_many_is_one_exact_record(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    trees = [tree(number) for number in range(RUNS)]

    async def work(number: int) -> None:
        clerk, _ = trees[number]
        with bill_to(session_id=f"session-{number}"):
            if number % 2:
                await Runner.run(clerk, "Help.")
            else:
                await streamed(clerk)

    await asyncio.gather(*(work(number) for number in range(RUNS)))

    entries = {e["metadata"]["session_id"]: e["metadata"] for e in entries_of(recorder, keito)}
    assert len(entries) == len(keito.entries()) == RUNS
    for number, (_, calls) in enumerate(trees):
        entry = entries[f"session-{number}"]
        assert (entry["status"], entry["llm_calls"]) == ("ok", calls)
        assert (entry["tokens_in"], entry["tokens_out"]) == (calls * INPUT, calls * OUTPUT)
        shares = {name: share["calls"] for name, share in entry["agents"].items()}
        own = (calls - 2) // 2
        assert shares == {"clerk": 2, "left": own, "right": own}
        assert "usage_incomplete" not in entry


def replying(asked: Conversation) -> Reply:
    """Ask both experts at once; whoever has no tools answers."""
    if asked.tools and not asked.tool_results:
        calls = tuple(Call(name, {"input": "?"}) for name in ("ask_left", "ask_right"))
        return Reply(asked.model, calls=calls, tokens=EACH)
    return Reply(asked.model, text="Done.", tokens=EACH)


async def test_every_tree_of_many_over_http_is_one_exact_record(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)

    async def work(number: int, model: OpenAIResponsesModel) -> None:
        experts = [Agent[Any](name=name, model=model) for name in ("left", "right")]
        tools: list[Tool] = [expert.as_tool(f"ask_{expert.name}", "Ask.") for expert in experts]
        clerk: Agent[Any] = Agent(name="clerk", model=model, tools=tools)
        with bill_to(session_id=f"session-{number}"):
            if number % 2:
                await Runner.run(clerk, "Help.")
            else:
                await streamed(clerk)

    with scripted_model(replying) as endpoint:
        async with AsyncOpenAI(base_url=endpoint.base_url, api_key=endpoint.api_key) as client:
            model = OpenAIResponsesModel(endpoint.model, client)
            await asyncio.gather(*(work(number, model) for number in range(RUNS)))

    entries = [entry["metadata"] for entry in entries_of(recorder, keito)]
    assert {entry["session_id"] for entry in entries} == {f"session-{n}" for n in range(RUNS)}
    for entry in entries:
        assert entry["llm_calls"] == 4
        assert entry["tokens_in"] == 4 * EACH.prompt
        assert entry["tokens_cache_read"] == 4 * EACH.cached
        assert entry["tokens_out"] == 4 * EACH.generated
        assert {name: one["calls"] for name, one in entry["agents"].items()} == {
            "clerk": 2,
            "left": 1,
            "right": 1,
        }
