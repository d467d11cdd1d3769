"""One kind of fault at a time, on every record: `python -m tests.chaos.single_faults`."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from keito.billing import Recorder, Target, Timing
from keito.sandbox.faults import Fault
from keito.testing import LocalKeito, sandbox
from tests.chaos.books import Audit, audit, promised

TIMING = Timing(
    inline=1.0,
    lease=0.5,
    timeout=0.1,
    claim=0.1,
    settle=0.5,
    look_again=0.2,
    backoff=0.01,
    backoff_most=0.05,
    poll=0.05,
)
DELIVERING = 120.0


@dataclass(frozen=True, slots=True)
class Case:
    """A fault, and what it is done to.

    Attributes:
        what: It in words.
        fault: What spoils the first attempt of each record.
        records: How many records there are.
        outage: For how many seconds the server is down, from the middle of recording on.
        lasting: For how many seconds every attempt is spoiled, not only the first.
    """

    what: str
    fault: Fault | None = None
    records: int = 200
    outage: float = 0.0
    lasting: float = 0.0


CASES = (
    Case("none"),
    Case("a: committed, connection dropped", Fault(kind="drop")),
    *(
        Case(f"b: {status} before the commit", Fault(kind="error", status=status, committed=False))
        for status in (500, 502, 503)
    ),
    Case("c: committed, then 504", Fault(kind="error", status=504)),
    Case("d: no answer, not committed", Fault(kind="hang", committed=False)),
    Case("e: committed, no answer", Fault(kind="hang")),
    Case("f: 429, Retry-After in seconds", Fault(kind="rate_limit"), records=20),
    Case("f': 429, Retry-After as a date", Fault(kind="rate_limit", as_date=True), records=20),
    Case("g: 200, answer cut off", Fault(kind="truncated")),
    Case("h: refused half of the time", outage=2.0),
    Case("i: slow", Fault(kind="slow", seconds=0.05)),
    Case("a on every attempt for 5 s", Fault(kind="drop"), lasting=5.0),
    Case("b (503) on every attempt for 5 s", Fault(kind="error", committed=False), lasting=5.0),
    Case("c on every attempt for 5 s", Fault(kind="error", status=504), lasting=5.0),
    Case("d on every attempt for 5 s", Fault(kind="hang", committed=False), lasting=5.0),
    Case("g on every attempt for 5 s", Fault(kind="truncated"), lasting=5.0),
)


def play(case: Case, folder: Path) -> tuple[Audit, int, int]:
    """Record and deliver under a fault; return the books, and how many POSTs and GETs it took."""
    with sandbox() as local:
        _inject(case, local)
        recorder = Recorder(
            **local.client_settings,
            outbox=folder / "outbox.db",
            target=Target(project_id=local.project_id, task_id=local.task_id),
            timing=TIMING,
            requests_per_minute=None,
        )
        runs = list(_record(case, recorder, local))
        if case.lasting:
            time.sleep(case.lasting)
            local.faults.clear()
        recorder.flush(DELIVERING)
        recorder.close()
        found = audit(promised({"did": "start", "run": run} for run in runs), local.entries(), [])
        return found, len(local.requests("POST")), len(local.requests("GET"))


def _inject(case: Case, local: LocalKeito) -> None:
    if case.fault is not None:
        first = not case.lasting
        fault = replace(case.fault, method="POST", times=None, first_attempt=first)
        local.faults.inject(fault)


def _record(case: Case, recorder: Recorder, local: LocalKeito) -> Iterator[str]:
    pause = 2 * case.outage / case.records
    for number in range(case.records):
        if case.outage and number == case.records // 2:
            local.outage(case.outage)
        run = recorder.start("event")
        run.finish()
        yield run.id
        time.sleep(pause)


def rows() -> Iterator[tuple[str, ...]]:
    """Yield what was lost and doubled under each fault, and what it took."""
    yield "fault", "records", "lost", "doubled", "POSTs", "GETs"
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            found, posts, gets = play(case, Path(folder))
        lost, doubled = str(len(found.lost)), str(len(found.doubled))
        yield case.what, str(case.records), lost, doubled, str(posts), str(gets)


def main() -> None:
    """Print the table."""
    for row in rows():
        sys.stdout.write("| " + " | ".join(row) + " |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
