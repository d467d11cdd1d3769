"""How commands speak: lines and tables for people, JSON for programs, one line for trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import _json
from .exits import FAILED

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
# What nobody sees is written as wide as it gets: a file or a pipe has no edge to be cut at.
_NO_EDGE = 10_000


def say(text: str = "", *, style: str | None = None) -> None:
    """Write a line, never broken so that it can be copied, and plain where no terminal is."""
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(printable(text), style=style)
    console.file.flush()


def show(value: object, text: str, *, json: bool) -> None:
    """Write a result: the value as one line of JSON, or the text for people."""
    if json:
        show_json(value)
    else:
        say(text)


def show_json(value: object) -> None:
    """Write a value as one line of JSON."""
    typer.echo(_json.dumps(plain(value)).decode())


def show_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> None:
    """Write rows under headings.

    Args:
        headings: One per column. In a narrow terminal the text of a column is cut, but not that of
            the first one, of numbers and of those that are to be `whole`.
        rows: Their cells.
        right: The headings of numbers.
        whole: The headings of other columns that are never cut.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, emoji=False, width=_NO_EDGE)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for index, heading in enumerate(headings):
        kept = index == 0 or heading in right or heading in whole
        table.add_column(
            heading,
            justify="right" if heading in right else "left",
            no_wrap=kept,
        )
    for row in rows:
        table.add_row(*[Text(printable(cell), no_wrap=True, overflow="ellipsis") for cell in row])
    with console.capture() as capture:
        console.print(table)
    lines = capture.get().splitlines()
    typer.echo("\n".join(line if console.is_terminal else line.rstrip() for line in lines))


def fail(message: str) -> NoReturn:
    """Say what went wrong and end with exit code 1."""
    complain(message)
    raise typer.Exit(FAILED)


def complain(message: str) -> None:
    """Say what went wrong, where it does not mix with results."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(printable(message), style="red")


def remark(message: str) -> None:
    """Say something beside the results, where it does not mix with them."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(printable(message))


@contextmanager
def progress(what: str) -> Iterator[Callable[[str], None]]:
    """Show in a terminal that work goes on; call what it yields with how far it is."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        yield lambda so_far: None
        return
    with console.status(what) as status:
        yield lambda so_far: status.update(f"{what} {printable(so_far)}")


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
