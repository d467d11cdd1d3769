"""The ways to run an agent, and reading what came of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from agents import Agent, AgentsException, GuardrailFunctionOutput, RunHooks, Runner

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import entries_of, only

Way = Callable[..., Awaitable[None]]


async def ran(clerk: Agent[Any], given: Any = "Help.", **options: Any) -> None:
    await Runner.run(clerk, given, **options)


async def streamed(clerk: Agent[Any], given: Any = "Help.", **options: Any) -> None:
    async for _ in Runner.run_streamed(clerk, given, **options).stream_events():
        pass


async def in_a_thread(
    clerk: Agent[Any], given: Any = "Help.", *, run_sync: Any = None, **options: Any
) -> None:
    """Run it with `run_sync`, which needs a thread without a loop that runs."""

    def work() -> None:
        # The SDK leaves the loop that it makes open.
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            (run_sync or Runner.run_sync)(clerk, given, **options)
        finally:
            # Connections that are closed hear of it in the next turn, and would be garbage without.
            loop.run_until_complete(asyncio.sleep(0.01))
            loop.close()

    await asyncio.to_thread(work)


async def never_read(clerk: Agent[Any], given: Any = "Help.", **options: Any) -> None:
    result = Runner.run_streamed(clerk, given, **options)
    assert result.run_loop_task is not None
    await asyncio.wait([result.run_loop_task])
    # Retrieved, or its task logs it whenever it is collected: that breaks what is parsed meanwhile.
    if not result.run_loop_task.cancelled():
        result.run_loop_task.exception()


EACH = [ran, in_a_thread, streamed, never_read]
BOTH = pytest.mark.parametrize("way", [ran, in_a_thread, streamed])
ALL = pytest.mark.parametrize("way", EACH)


async def ended(way: Way, clerk: Agent[Any], **options: Any) -> None:
    """Run it, whatever it raises: what is recorded is what counts here."""
    with contextlib.suppress(AgentsException, RuntimeError):
        await way(clerk, **options)


def said(recorder: Recorder, keito: LocalKeito) -> dict[str, Any]:
    """The metadata of the only entry."""
    metadata: dict[str, Any] = only(entries_of(recorder, keito))["metadata"]
    return metadata


def tripping(
    *, after: asyncio.Event | None = None
) -> Callable[..., Awaitable[GuardrailFunctionOutput]]:
    """A guardrail's function, which trips at once or when something has happened."""

    async def trip(*args: object) -> GuardrailFunctionOutput:
        if after is not None:
            await after.wait()
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered=True)

    return trip


class Noting(RunHooks[Any]):
    """A caller's hooks: they note which were called."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.answered = asyncio.Event()

    async def on_agent_start(self, context: Any, agent: Any) -> None:
        self.seen.append("agent_start")

    async def on_llm_start(
        self, context: Any, agent: Any, system_prompt: Any, input_items: Any
    ) -> None:
        self.seen.append("llm_start")

    async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
        self.seen.append("llm_end")

    async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
        self.seen.append("tool_start")

    async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
        self.seen.append("tool_end")

    async def on_handoff(self, context: Any, from_agent: Any, to_agent: Any) -> None:
        self.seen.append(f"{from_agent.name} to {to_agent.name}")

    async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
        self.seen.append("agent_end")
        self.answered.set()
