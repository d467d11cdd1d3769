"""`make spec SPEC=path-or-url`: hold a description of the API against the committed table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.spec.document import Document, SpecError
from tests.spec.normalise import normalise
from tests.spec.table import COMMITTED, differences, load, save


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the rows that differ, and take them over unless `--check` is given.

    Returns:
        0, or 1 when `--check` found a difference, or 2 when the description can't be read.
    """
    options = _options(arguments)
    try:
        if not options.source:
            raise SpecError("say which description to read: make spec SPEC=path-or-url")
        table = normalise(Document.read(options.source))
    except SpecError as error:
        sys.stderr.write(f"spec: {error}\n")
        return 2
    drift = differences(load(options.table), table)
    sys.stdout.write("\n".join(drift or ["no drift"]) + "\n")
    if options.check:
        return 1 if drift else 0
    if drift:
        save(table, options.table)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.spec", description=__doc__)
    parser.add_argument("source", nargs="?", metavar="SPEC", help="a path, or an http(s) URL")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 on drift")
    parser.add_argument("--table", type=Path, default=COMMITTED, help="default: the committed one")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
