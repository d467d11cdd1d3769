"""Tables: as wide as they have to be in a file, and readable in a narrow terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import typer
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from .output import Screen, printable

# What nobody sees is written as wide as it gets: a file or a pipe has no edge to be cut at.
_NO_EDGE = 10_000
_MARGIN = 2


def show_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    apart: Sequence[str] = (),
) -> None:
    """Write rows under headings; nothing is cut.

    Args:
        headings: One per column.
        rows: Their cells.
        right: The headings of numbers.
        apart: The headings of texts that get a line of their own where a terminal is too narrow
            for all: above the rest of their row if they come first in it, else below.
    """
    console = Screen()
    wide = Screen(width=_NO_EDGE)
    whole = _table(headings, rows, right)
    needed = Measurement.get(wide, wide.options, whole).maximum
    if needed <= console.width or not console.is_terminal:
        lines = _lines(wide, whole)
    else:
        lines = list(_in_two_lines(wide, console.width, headings, rows, right, apart))
    typer.echo("\n".join(line if console.is_terminal else line.rstrip() for line in lines))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _MARGIN, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*[Text(_cell(text)) for text in row])
    return table


def _lines(console: Screen, table: Table) -> list[str]:
    with console.capture() as capture:
        console.print(table)
    return capture.get().splitlines()


def _in_two_lines(
    wide: Screen,
    width: int,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[str],
    apart: Sequence[str],
) -> Iterator[str]:
    """Yield the lines of a table, and beside each row one with its texts.

    What is still wider than the terminal stays so: the terminal breaks it without changing it.
    """
    kept = [index for index, heading in enumerate(headings) if heading not in apart]
    cells = [[row[index] for index in kept] for row in rows]
    table = _table([headings[index] for index in kept], cells, right)
    heading, *lines = _lines(wide, table)
    yield heading
    for line, row in zip(lines, rows, strict=True):
        texts = [_cell(text) for name, text in zip(headings, row, strict=True) if name in apart]
        if 0 in kept:
            yield line
            yield from _wrapped(": ".join(filter(None, texts)), width, " " * 2 * _MARGIN)
        else:
            yield from _wrapped(", ".join(texts), width, "")
            yield line


def _wrapped(text: str, width: int, before: str) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=before, subsequent_indent=before)


def _cell(text: str) -> str:
    return printable(text).replace("\n", " ")
