"""How commands speak: lines and tables for people, JSON for programs, one line for trouble."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

from .. import _json
from .exits import FAILED

_ANY_HEIGHT = 25
Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


class Screen(Console):
    """A console that writes what it is given, and says so when nobody reads it any more."""

    def __init__(
        self, *, stderr: bool = False, soft_wrap: bool = False, width: int | None = None
    ) -> None:
        super().__init__(
            stderr=stderr,
            soft_wrap=soft_wrap,
            width=width,
            # Alone, the width would not count in a terminal that can do nothing (`TERM=dumb`).
            height=None if width is None else _ANY_HEIGHT,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def on_broken_pipe(self) -> None:
        """Leave it to the command, as with every other output."""
        raise BrokenPipeError


def say(text: str = "", *, style: str | None = None) -> None:
    """Write a line, never broken so that it can be copied, and plain where no terminal is."""
    console = Screen(soft_wrap=True)
    console.print(printable(text), style=style)
    console.file.flush()


def say_beside(before: str, text: str, *, style: str | None = None) -> None:
    """Write text beside a margin; in a terminal too narrow for it, below each other by words."""
    console = Screen()
    lines = [text]
    if console.is_terminal:
        # A word is never broken, so that a path or a command can be copied.
        room = max(console.width - len(before), len(before))
        lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    for number, line in enumerate(lines or [""]):
        say(f"{before if number == 0 else ' ' * len(before)}{line}", style=style)


def show(value: object, text: str, *, json: bool) -> None:
    """Write a result: the value as one line of JSON, or the text for people."""
    if json:
        show_json(value)
    else:
        say(text)


def show_json(value: object) -> None:
    """Write a value as one line of JSON."""
    typer.echo(_json.dumps(plain(value)).decode())


def fail(message: str) -> NoReturn:
    """Say what went wrong and end with exit code 1."""
    complain(message)
    raise typer.Exit(FAILED)


def complain(message: str) -> None:
    """Say what went wrong, where it does not mix with results."""
    console = Screen(stderr=True, soft_wrap=True)
    console.print(printable(message), style="red")


def remark(message: str) -> None:
    """Say something beside the results, where it does not mix with them."""
    console = Screen(stderr=True, soft_wrap=True)
    console.print(printable(message))


@contextmanager
def progress(what: str, *, hidden: bool = False) -> Iterator[Callable[[str], None]]:
    """Show in a terminal that work goes on; call what it yields with how far it is."""
    console = Screen(stderr=True)
    if hidden or not console.is_terminal or console.is_dumb_terminal:
        yield lambda so_far: None
        return
    spinner = Spinner("dots", what)
    # The results are left alone: redirected, they would land on the standard error, with line ends.
    with Live(
        spinner, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    ):
        yield lambda so_far: spinner.update(text=f"{what} {printable(so_far)}")


def printable(text: str) -> str:
    """Replace what would steer a terminal: notes and names may hold what a model wrote."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def plain(value: object) -> object:
    """Return what JSON has a form for: data classes become objects, times become ISO text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value
