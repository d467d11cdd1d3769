"""The days a command is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

import typer

from .._today import today

FromDay = Annotated[str | None, typer.Option("--from", metavar="DAY", help="The first day.")]
ToDay = Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day.")]
Month = Annotated[str | None, typer.Option(metavar="YYYY-MM", help="All of a month instead.")]


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


def period(first: str | None, last: str | None, month: str | None = None) -> Period:
    """Return the days that options name; without any, those of this month so far."""
    now = today()
    if month is not None:
        if first is not None or last is not None:
            raise typer.BadParameter("give --month, or --from and --to")
        return _month(month)
    end = day_of("--to", last) if last is not None else now
    begin = day_of("--from", first) if first is not None else end.replace(day=1)
    if begin > end:
        raise typer.BadParameter(f"--from {begin} is after --to {end}")
    return Period(begin, end)


def day_of(option: str, text: str) -> date:
    """Read a day; what is none ends the command."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option} {text}: a day looks like 2026-03-05") from None


def _month(text: str) -> Period:
    if not re.fullmatch(r"\d{4}-\d{2}", text):
        raise typer.BadParameter(f"--month {text}: a month looks like 2026-03")
    try:
        begin = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise typer.BadParameter(f"--month {text}: there is no such month") from None
    end = (begin + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return Period(begin, end)
