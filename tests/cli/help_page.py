"""The part of docs/cli.md that shows every command's help; run it to write that part anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from typer.testing import CliRunner

from keito.cli.app import app

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
MARK = "<!-- Made by `python -m tests.cli.help_page`. -->\n"


def commands() -> list[tuple[str, ...]]:
    """The words of each command."""
    return list(_below(typer.main.get_command(app), ()))


def _below(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield words
    for name, inner in getattr(command, "commands", {}).items():
        yield from _below(inner, (*words, name))


def shown(words: tuple[str, ...]) -> str:
    """What a command says of itself, in a terminal of 80 columns."""
    result = CliRunner().invoke(
        app, [*words, "--help"], env={"COLUMNS": "80", "KEITO_OUTBOX": ""}, prog_name="keito"
    )
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.stdout.strip().splitlines())


def section(words: tuple[str, ...]) -> str:
    """The section of the page about a command."""
    return f"### `{' '.join(('keito', *words))}`\n\n```text\n{shown(words)}\n```\n"


if __name__ == "__main__":
    before = PAGE.read_text().partition(MARK)[0]
    PAGE.write_text(before + MARK + "\n" + "\n".join(map(section, commands())))
