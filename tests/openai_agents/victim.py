"""A process that is killed while an agent's second model call is under way."""

from __future__ import annotations

import asyncio
import sys

from agents import Runner, set_tracing_disabled
from openai_agents_keito import attach

from keito.billing import Recorder
from tests.billing.sending import FAST
from tests.contract import Calls, Hangs
from tests.openai_agents.scripted import agent


async def main() -> None:
    reached = asyncio.Event()
    run = asyncio.ensure_future(Runner.run(agent(Calls("look_up"), Hangs(reached)), "Help."))
    await reached.wait()
    # What a model call consumed is on disk a moment after it has ended.
    await asyncio.sleep(4 * FAST.journal)
    sys.stdout.write("reached\n")
    sys.stdout.flush()
    await run


if __name__ == "__main__":
    set_tracing_disabled(True)
    attach(Recorder(courier="external", timing=FAST))
    asyncio.run(main())
