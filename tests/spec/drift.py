"""What the pull request about a changed description says: the rows, and what fails on them."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.spec.client import problems
from tests.spec.covered import MEANT
from tests.spec.table import load

MAX_ROWS = 200  # a pull request's text has a limit, and a reader has one sooner


def body(changed: list[str], failing: list[str]) -> str:
    """The text, in Markdown."""
    return "\n\n".join(
        [
            "The API's description is not what `tests/spec/table.json` held.",
            _block("Changed rows", changed),
            _block("Rows that client and types don't follow yet", failing)
            if failing
            else "Client and types follow all of them already.",
            "`make test` says the same, and holds the local Keito against the table too.",
        ]
    )


def _block(title: str, rows: list[str]) -> str:
    more = [f"... and {len(rows) - MAX_ROWS} more"] if len(rows) > MAX_ROWS else []
    return "\n".join([f"## {title}", "```", *rows[:MAX_ROWS], *more, "```"])


def main(rows: Path) -> None:
    """Print the text for the rows that `make spec` printed."""
    failing = [line for line in problems(load()) if not line.startswith(f"{MEANT}: ")]
    sys.stdout.write(body(rows.read_text(encoding="utf-8").splitlines(), failing) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
