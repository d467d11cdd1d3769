"""How processes end in practice, and what is lost then: `python -m tests.chaos.scenarios`.

Each is a real process that records events and ends. The next process delivers what is left.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keito.billing import Recorder, Target, Timing
from keito.testing import LocalKeito, sandbox
from tests.chaos.books import Audit, audit, promised
from tests.chaos.notes import Notes, read_notes

ROOT = Path(__file__).parents[2]
FASTER = 20
"""By how much the outages, and all times of delivery, are shorter than they would be."""
TIMING = Timing(
    inline=1.0,
    lease=15.0 / FASTER,
    timeout=30.0 / FASTER,
    claim=15.0 / FASTER,
    settle=120.0 / FASTER,
    look_again=10.0 / FASTER,
    backoff=1.0 / FASTER,
    backoff_most=60.0 / FASTER,
    poll=5.0 / FASTER,
)
LATENCY = 0.03
DELIVERING = 180.0

End = Literal["kill -9", "SIGTERM", "exit", "fork"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to end.

    Attributes:
        what: It in words.
        end: How the process ends.
        events: How many it records,
        seconds: in how many seconds; 0 for as fast as it can.
        outage: For how long from the start the server fails; None for for ever.
        failing: Whether it answers 503 then, and does not refuse.
    """

    what: str
    end: End
    events: int = 1000
    seconds: float = 0.0
    outage: float | None = 0.0
    failing: bool = False


SCENARIOS = (
    Scenario("burst of 1,000, then kill -9", "kill -9"),
    Scenario("100/s for 10 s, then kill -9", "kill -9", seconds=10),
    Scenario("burst, SIGTERM, no handler", "SIGTERM"),
    Scenario("burst, normal exit, no flush", "exit"),
    Scenario("forked child records 1,000, exits", "fork"),
    Scenario("burst of 10,000, healthy", "exit", events=10_000),
    Scenario("60 s outage, refused", "exit", seconds=50 / FASTER, outage=60 / FASTER),
    Scenario("60 s outage, 503", "exit", seconds=50 / FASTER, outage=60 / FASTER, failing=True),
    Scenario("10 min outage, refused", "exit", seconds=590 / FASTER, outage=600 / FASTER),
    Scenario("exit while the endpoint is down", "exit", outage=None),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one: the books, and how long the process took to end once it was told to."""

    audit: Audit
    ending: float


def play(scenario: Scenario, folder: Path) -> Result:
    """Have a process end so, deliver what it left, and look at the books."""
    with sandbox() as local:
        local.faults.slow(LATENCY, times=None, method="POST")
        ending = _play(scenario, folder, local)
        local.faults.clear()
        _deliver(local, folder)
        notes = promised(read_notes(folder))
        return Result(audit(notes, local.entries(), local.expenses()), ending)


def _play(scenario: Scenario, folder: Path, local: LocalKeito) -> float:
    end_of_outage = _begin_outage(scenario, local)
    number = str(SCENARIOS.index(scenario))
    command = [sys.executable, "-m", "tests.chaos.scenarios", number, str(folder), local.base_url]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        process.wait()
        ended = time.monotonic()
    end_of_outage()
    assert told, f"the process failed with {process.returncode}"
    return ended - float(told)


def _begin_outage(scenario: Scenario, local: LocalKeito) -> Callable[[], None]:
    if scenario.outage == 0.0:
        return lambda: None
    if scenario.failing:
        local.faults.clear()
        local.faults.error(503, times=None)
        timer = threading.Timer(scenario.outage or 0.0, local.faults.clear)
        timer.start()
        return timer.join
    outage = local.outage(scenario.outage)
    return outage.end if scenario.outage is None else lambda: None


def _deliver(local: LocalKeito, folder: Path) -> None:
    with_key = _recorder(folder, local.base_url, local.api_key)
    outbox = with_key._recording.opened()
    time.sleep(TIMING.lease)
    end = time.monotonic() + DELIVERING
    while time.monotonic() < end:
        if not with_key.flush(1.0) and not outbox.orphans(now=time.time()):
            break
    with_key.close(1.0)


def _recorder(folder: Path, base_url: str, api_key: str) -> Recorder:
    return Recorder(
        outbox=folder / "outbox.db",
        base_url=base_url,
        api_key=api_key,
        account_id="acc_sandbox",
        target=Target(project_id="prj_acme_support", task_id="tsk_agent_run"),
        timing=TIMING,
        requests_per_minute=None,
    )


def _record(scenario: Scenario, folder: Path, base_url: str) -> None:
    recorder = _recorder(folder, base_url, "kto_sandbox_admin")
    if scenario.end == "fork":
        recorder.start("parent").finish()
        if os.fork():
            os.wait()
            return
    notes = Notes(folder / "events.notes")
    began = time.monotonic()
    for number in range(scenario.events):
        run = recorder.start("event")
        run.finish()
        notes.add("start", run=run.id)
        due = began + scenario.seconds * (number + 1) / scenario.events
        time.sleep(max(0.0, due - time.monotonic()))
    if scenario.outage:
        # It lives on when the server is back, for a while.
        time.sleep(began + scenario.outage + 2.0 - time.monotonic())
    sys.stdout.write(f"{time.monotonic()}\n")
    sys.stdout.flush()
    if scenario.end == "kill -9":
        os.kill(os.getpid(), signal.SIGKILL)
    if scenario.end == "SIGTERM":
        os.kill(os.getpid(), signal.SIGTERM)


def rows() -> Iterator[tuple[str, ...]]:
    """Yield what was lost and doubled in each, and how long the process took to end."""
    yield "scenario", "recorded", "lost", "doubled", "ended in"
    for scenario in SCENARIOS:
        with tempfile.TemporaryDirectory() as folder:
            result = play(scenario, Path(folder))
        audit = result.audit
        yield (
            scenario.what,
            f"{audit.acknowledged:,}",
            str(len(audit.lost)),
            str(len(audit.doubled)),
            f"{result.ending:.1f} s",
        )


def main(arguments: Sequence[str]) -> None:
    """Play all of them, or record for one of them."""
    if arguments:
        number, folder, base_url = arguments
        _record(SCENARIOS[int(number)], Path(folder), base_url)
        return
    for row in rows():
        sys.stdout.write("| " + " | ".join(row) + " |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
