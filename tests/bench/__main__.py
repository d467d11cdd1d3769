"""`make bench`: the figures that the toolkit is held to, on this machine, now."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from tests.bench import machine, page
from tests.bench.measure import Row

PARTS = tuple(page.SECTIONS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table at 80 columns or, with `--json`, all the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument("--json", action="store_true", help="figures in seconds, for a program")
    parser.add_argument("--page", type=Path, help="write all of it to this page of the docs")
    options = parser.parse_args(arguments)
    if options.page and options.parts:
        parser.error("the page has all parts")
    measured = _measured(options.parts or PARTS, quiet=options.json)
    if options.json:
        rows = [asdict(row) for part in measured.values() for row in part]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    if options.page:
        day = datetime.now(timezone.utc).date()
        options.page.write_text(page.written(measured, machine=machine.described(), day=day))
    return 0


def _measured(parts: Sequence[str], *, quiet: bool) -> dict[str, list[Row]]:
    say = (lambda _: None) if quiet else _say
    say(f"{'':40}{'measured':>10}  bar")
    measured: dict[str, list[Row]] = {}
    for part in parts:
        for row in _rows(part):
            measured.setdefault(part, []).append(row)
            say(line(row))
    return measured


def _rows(part: str) -> Iterator[Row]:
    rows: Iterator[Row] = importlib.import_module(f"tests.bench.{part}").rows()
    return rows


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def line(row: Row) -> str:
    """A row of the table."""
    return f"{row.what:40}{row.measured:>10}  {row.bar:16}{row.verdict}"


if __name__ == "__main__":
    sys.exit(main())
