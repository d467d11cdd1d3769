"""`make bench`: the figures that the toolkit is held to, on this machine, now."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from tests.bench.measure import Row

PARTS = (
    "imports",
    "create",
    "listing",
    "langchain",
    "recording",
    "postgres",
    "openai_agents",
    "exit",
    "idle",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table at 80 columns or, with `--json`, all the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument("--json", action="store_true", help="figures in seconds, for a program")
    options = parser.parse_args(arguments)
    rows = _rows(options.parts or PARTS)
    if options.json:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
        return 0
    sys.stdout.write(f"{'':40}{'measured':>10}  bar\n")
    for row in rows:
        sys.stdout.write(line(row) + "\n")
        sys.stdout.flush()
    return 0


def _rows(parts: Sequence[str]) -> Iterator[Row]:
    for part in parts:
        yield from importlib.import_module(f"tests.bench.{part}").rows()


def line(row: Row) -> str:
    """A row of the table."""
    verdict = {True: "met", False: "NOT MET", None: "not measured"}[row.met]
    return f"{row.what:40}{row.measured:>10}  {row.bar:16}{verdict}"


if __name__ == "__main__":
    sys.exit(main())
