"""How commands speak: lines for people, JSON for programs, one line for what went wrong."""

from __future__ import annotations

from typing import Annotated, NoReturn

import typer
from rich.console import Console

from .. import _json

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def say(text: str = "", *, style: str | None = None) -> None:
    """Write a line, never broken so that it can be copied, and plain where no terminal is."""
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(text, style=style)
    console.file.flush()


def show(value: object, text: str, *, json: bool) -> None:
    """Write a result: the value as one line of JSON, or the text for people."""
    if json:
        typer.echo(_json.dumps(value).decode())
    else:
        say(text)


def fail(message: str) -> NoReturn:
    """Say what went wrong and end with exit code 1."""
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(message, style="red")
    raise typer.Exit(1)
