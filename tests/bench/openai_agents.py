"""What billing adds to one run of the OpenAI Agents SDK."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agents import RunHooks, Runner, set_tracing_disabled
from openai_agents_keito import attach, detach

from keito.billing import Recorder
from tests.bench.journal import TARGET, BareJournal, Line, recorded
from tests.bench.measure import COMPARED, Row, interleaved, medians, ratio
from tests.contract import Calls, Says
from tests.openai_agents.scripted import agent

ROUNDS = 25
RUNS = 15
BAR = 60e-6


def rows() -> Iterator[Row]:
    """The median of the rounds' differences; a run itself takes about a millisecond."""
    set_tracing_disabled(True)
    with TemporaryDirectory() as folder:
        bare = BareJournal(Path(folder) / "bare.db")
        outbox = Path(folder) / "outbox.db"
        recorder = Recorder(
            outbox=outbox,
            api_key="kto_sandbox_agent",
            account_id="acc_sandbox",
            base_url="http://127.0.0.1:1",
            target=TARGET,
            courier="external",
        )
        asyncio.run(_billed(recorder))
        lines = recorded(outbox, "start")[0], recorded(outbox, "finish")[0]
        cases = {
            "keito": lambda: asyncio.run(_billed(recorder)),
            "bare": lambda: asyncio.run(_bare(bare, lines)),
            "no hooks": lambda: asyncio.run(_median()),
            "no-op hooks": lambda: asyncio.run(_median(hooks=RunHooks())),
        }
        interleaved(cases, rounds=2)
        taken = interleaved(cases, rounds=ROUNDS)
        recorder.close(0)
        bare.close()
    more = statistics.median(a - b for a, b in zip(taken["keito"], taken["bare"], strict=True))
    yield Row(
        "OpenAI Agents run, above bare inserts",
        f"{more * 1e6:.0f} us",
        "at most 60 us",
        more <= BAR,
        medians(taken),
    )
    times = ratio(taken, "keito", "bare")
    yield Row("OpenAI Agents run, of bare inserts", f"{times:.2f}x", COMPARED, None)
    for name in ("no hooks", "no-op hooks", "keito"):
        took = statistics.median(taken[name]) * 1e6
        yield Row(f"OpenAI Agents run, {name}", f"{took:.0f} us", COMPARED, None)


async def _billed(recorder: Recorder) -> float:
    attach(recorder)
    try:
        return await _median()
    finally:
        detach()


async def _bare(bare: BareJournal, lines: tuple[Line, Line]) -> float:
    start, finish = lines
    insert = bare.add
    return await _median(partial(insert, start), partial(insert, finish), hooks=RunHooks())


async def _median(before: Any = None, after: Any = None, **options: Any) -> float:
    agents = [agent(Calls("look_up"), Says()) for _ in range(RUNS)]
    taken = []
    for one in agents:
        started = time.perf_counter()
        if before is not None:
            before()
        await Runner.run(one, "Help.", **options)
        if after is not None:
            after()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)
