"""Recording a run, with four recording processes and a courier that delivers meanwhile.

Each process alternates between a run of ours, which is two inserts, and two bare inserts of the
same bytes. Both meet the same conditions. They go to one file that all four processes write to, as
the journal is shared, with the same durability (WAL, `synchronous=NORMAL`). Both come after a
pause, as an agent's runs do: its code and its data have left the processor's caches by then, and
whoever comes first fetches them again, for the other one as well. So they take turns at being
first, and count as first and as second alike.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from keito.billing import Recorder
from keito.testing import sandbox
from tests.bench.journal import TARGET, BareJournal, Line, lines_of_a_run
from tests.bench.measure import Row

RECORDERS = 4
RUNS = 1500
PAUSE = 0.004
P50_BAR = 1.5
P99_BAR = 0.001

Turn: TypeAlias = Sequence[float]
"""The seconds that an insert at a start took, and one at a finish."""


def rows() -> Iterator[Row]:
    """The median against a bare insert, and the slowest in a hundred."""
    with TemporaryDirectory() as folder, sandbox(role="agent") as keito:
        settings = json.dumps({**keito.client_settings, "outbox": f"{folder}/outbox.db"})
        with ExitStack() as stack:
            workers = [stack.enter_context(_worker(settings, i)) for i in range(RECORDERS)]
            told = [json.loads(worker.communicate()[0]) for worker in workers]
        delivered = len(keito.entries())
    ours, bare = ([turn for each in told for turn in each[name]] for name in ("ours", "bare"))
    p99 = _slowest(ours)
    measured = _usual(ours) / _usual(bare)
    figures = {
        "ours p50": _usual(ours),
        "bare p50": _usual(bare),
        "ours p50, start": _usual([turn[:1] for turn in ours]),
        "bare p50, start": _usual([turn[:1] for turn in bare]),
        "ours p99": p99,
        "bare p99": _slowest(bare),
        "delivered meanwhile": delivered,
    }
    yield Row(
        "record, p50, of a bare insert",
        f"{measured:.2f}x" if delivered else "no courier",
        f"at most {P50_BAR}x",
        measured <= P50_BAR if delivered else None,
        figures,
    )
    yield Row("record, p99", f"{p99 * 1e6:.0f} us", "under 1 ms", p99 < P99_BAR, figures)


def _worker(settings: str, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bench.recording", settings, str(number)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def _record(settings: dict[str, str], number: int) -> dict[str, list[Turn]]:
    recorder = Recorder(
        outbox=settings["outbox"],
        api_key=settings["api_key"],
        account_id=settings["account_id"],
        base_url=settings["base_url"],
        target=TARGET,
        courier="external" if number else "thread",
        requests_per_minute=None,
    )
    bare = BareJournal(Path(f"{settings['outbox']}-bare"))
    start, finish = lines_of_a_run()
    cases: dict[str, Callable[[], Turn]] = {
        "ours": lambda: _run(recorder),
        "bare": lambda: _inserts(bare, start, finish),
    }
    taken: dict[str, list[Turn]] = {name: [] for name in cases}
    order = list(cases)
    for _ in range(RUNS):
        for name in order:
            taken[name].append(cases[name]())
        order.reverse()
        time.sleep(PAUSE)
    bare.close()
    return taken


def _run(recorder: Recorder) -> Turn:
    began = time.perf_counter()
    run = recorder.start("agent")
    started = time.perf_counter()
    run.finish()
    return started - began, time.perf_counter() - started


def _inserts(bare: BareJournal, start: Line, finish: Line) -> Turn:
    began = time.perf_counter()
    bare.add(start)
    started = time.perf_counter()
    bare.add(finish)
    return started - began, time.perf_counter() - started


def _usual(turns: Sequence[Turn]) -> float:
    """What one insert takes: half of what two usually take, as first and as second."""
    first = statistics.median(statistics.mean(turn) for turn in turns[::2])
    second = statistics.median(statistics.mean(turn) for turn in turns[1::2])
    return (first + second) / 2


def _slowest(turns: Sequence[Turn]) -> float:
    """What all but one insert in a hundred stay below."""
    return statistics.quantiles((insert for turn in turns for insert in turn), n=100)[98]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_record(json.loads(sys.argv[1]), int(sys.argv[2]))))
