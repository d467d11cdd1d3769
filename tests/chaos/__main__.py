"""`make chaos`: processes die in every way, and no record is lost or doubled."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.conductor import Report, Scale, chaos
from tests.database import Database, why_none


def main(arguments: Sequence[str] | None = None) -> int:
    """Let it happen, say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="repeats the plan of another time")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--some-steps", action="store_true", help="not all labelled steps")
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    parser.add_argument("--keep", type=Path, help="a folder for what the processes wrote")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    scale = Scale(records=options.records, kills=options.kills, every_step=not options.some_steps)
    with tempfile.TemporaryDirectory() as made:
        folder: Path = options.keep or Path(made)
        places = [options.only] if options.only else ["sqlite", "postgres"]
        return max([_once(place, folder / place, scale, seed) for place in places])


def _once(place: str, folder: Path, scale: Scale, seed: int) -> int:
    folder.mkdir(parents=True)
    say(f"{place}, seed {seed}: at least {scale.records:,} records and {scale.kills} kills")
    if place == "sqlite":
        report = chaos(folder, scale, seed=seed)
    elif why := why_none():
        say(f"  not run: {why}")
        return 1
    else:
        with _database() as dsn:
            report = chaos(folder, scale, seed=seed, database=dsn)
    for line in lines(report):
        say(line)
    return 0 if report.audit.clean and not report.left else 1


@contextmanager
def _database() -> Iterator[str]:
    server = Database()
    try:
        server.start()
        yield server.dsn
    finally:
        server.remove()


def lines(report: Report) -> list[str]:
    """Return the report, to be read."""
    audit = report.audit
    faults = ", ".join(f"{kind} {count}" for kind, count in report.faults.most_common())
    return [
        f"  acknowledged   {audit.acknowledged:,} records",
        f"  in the books   {audit.booked:,}; {audit.unacknowledged} of them were recorded as "
        "their process was killed, before the call returned",
        f"  lost           {len(audit.lost)}",
        f"  doubled        {len(audit.doubled)}",
        f"  wrong          {len(audit.wrong)}",
        f"  undelivered    {report.left}",
        f"  processes      {report.kills} killed, {report.stops} stopped past their leases",
        f"  labelled steps {len(report.reached)} reached"
        + (f", in vain tried: {', '.join(report.unreached)}" if report.unreached else ""),
        f"  the server     {report.requests:,} requests, {report.outages} outages; {faults}",
        f"  deferred       {report.deferred} lines",
        f"  took           {report.seconds:.0f} s",
        *(f"    {what}" for what in (*audit.lost, *audit.doubled, *audit.wrong)[:40]),
    ]


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
