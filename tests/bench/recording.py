"""Recording a run, with four recording processes and a courier that delivers meanwhile.

Each process alternates between our two inserts of a run and two bare ones of the same bytes, so
that both meet the same disk and the same neighbours.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from keito.billing import Recorder
from keito.testing import sandbox
from tests.bench.journal import TARGET, BareJournal, lines_of_a_run
from tests.bench.measure import Row

RECORDERS = 4
RUNS = 1500
PAUSE = 0.004
P50_BAR = 1.5
P99_BAR = 0.001


def rows() -> Iterator[Row]:
    """The median against a bare insert, and the slowest in a hundred."""
    with TemporaryDirectory() as folder, sandbox(role="agent") as keito:
        settings = json.dumps({**keito.client_settings, "outbox": f"{folder}/outbox.db"})
        with ExitStack() as stack:
            workers = [stack.enter_context(_worker(settings, i)) for i in range(RECORDERS)]
            told = [json.loads(worker.communicate()[0]) for worker in workers]
        delivered = len(keito.entries())
    ours = [one for each in told for one in each["ours"]]
    p99 = statistics.quantiles(ours, n=100)[98]
    measured = statistics.median(each["ratio"] for each in told)
    figures = {
        "ours p50": statistics.median(ours),
        "bare p50": statistics.median(one for each in told for one in each["bare"]),
        "ours p99": p99,
        "bare p99": statistics.quantiles((b for each in told for b in each["bare"]), n=100)[98],
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


def _record(settings: dict[str, str], number: int) -> dict[str, object]:
    recorder = Recorder(
        outbox=settings["outbox"],
        api_key=settings["api_key"],
        account_id=settings["account_id"],
        base_url=settings["base_url"],
        target=TARGET,
        courier="external" if number else "thread",
    )
    bare = BareJournal(Path(f"{settings['outbox']}-bare-{number}"))
    start, finish = lines_of_a_run()
    ours, least = [], []
    for _ in range(RUNS):
        began = time.perf_counter()
        run = recorder.start("agent")
        started = time.perf_counter()
        run.finish()
        ended = time.perf_counter()
        bare.add(start)
        bare_started = time.perf_counter()
        bare.add(finish)
        bare_ended = time.perf_counter()
        ours += [started - began, ended - started]
        least += [bare_started - ended, bare_ended - bare_started]
        time.sleep(PAUSE)
    bare.close()
    return {"ours": ours, "bare": least, "ratio": _ratio(ours, least)}


def _ratio(ours: list[float], bare: list[float]) -> float:
    return statistics.median(ours) / statistics.median(bare)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_record(json.loads(sys.argv[1]), int(sys.argv[2]))))
