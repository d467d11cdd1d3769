"""CSV that spreadsheets open without harm."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import TextIO

from .output import printable

# What a spreadsheet takes for the beginning of a formula. Notes may hold what a model wrote.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(file: TextIO, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows under headings; None is an empty cell, and no text is a formula."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> object:
    if isinstance(value, str):
        text = printable(value)
        return f"'{text}" if value.startswith(_FORMULA) else text
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
