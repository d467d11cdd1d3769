"""Another process, which goes on with the run whose state it reads from its input."""

from __future__ import annotations

import asyncio
import sys

from agents import Runner, RunState
from openai_agents_keito import attach

from keito.billing import MemoryOutbox, Recorder
from tests.contract import Says
from tests.openai_agents.test_resuming import payer


async def main(text: str) -> None:
    clerk = payer(Says())
    state = await RunState.from_string(clerk, text)
    for interruption in state.get_interruptions():
        state.approve(interruption)
    await Runner.run(clerk, state)


if __name__ == "__main__":
    recorder = Recorder(outbox=MemoryOutbox())
    attach(recorder)
    asyncio.run(main(sys.stdin.read()))
    sys.exit(recorder.flush(20))
