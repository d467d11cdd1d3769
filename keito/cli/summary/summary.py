"""`keito summary` itself."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import astuple, fields
from decimal import Decimal
from typing import Annotated

import typer

from ..csv import write_csv
from ..output import Json, progress, remark, say, show_json, show_table
from ..period import FromDay, Month, Period, ToDay, period
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, Place, keito, place
from .adding import By, summary_rows
from .row import Row

_HEADINGS = ("client", "project", "agent", "hours", "billable", "outcomes", "revenue", "LLM USD")
_NAMES = {"client": ("client",), "project": ("client", "project"), "agent": ("agent",)}


def summary(
    from_day: FromDay = None,
    to_day: ToDay = None,
    month: Month = None,
    by: Annotated[By, typer.Option(help="What to add up by.")] = "all",
    csv: Annotated[bool, typer.Option("--csv", help="Answer as CSV.")] = False,
    outbox: OutboxPlace = None,
    credential: Credential = DEFAULT_CREDENTIAL,
    json: Json = False,
) -> None:
    """Add up agents' work in Keito: hours, outcomes, revenue, and what the models cost."""
    days = period(from_day, to_day, month)
    rows = _rows(place(outbox, credential), days, by)
    if json:
        show_json({"from": days.first, "to": days.last, "rows": rows})
    elif csv:
        write_csv(sys.stdout, [field.name for field in fields(Row)], [astuple(row) for row in rows])
    else:
        _print(rows, days, by)


def _rows(where: Place, days: Period, by: By) -> list[Row]:
    with ExitStack() as stack:
        client = stack.enter_context(keito(where.destination))
        # What a contract keeps out of Keito (`share_cost=False`) is known here only.
        ledger = stack.enter_context(where.opened()) if where.exists else None
        tell = stack.enter_context(progress(f"reading {days}"))
        return summary_rows(client, days, by=by, outbox=ledger, tell=tell)


def _print(rows: list[Row], days: Period, by: By) -> None:
    if not rows:
        say(f"no agent has worked from {days}")
        return
    names = _NAMES.get(by, _HEADINGS[:3])
    headings = (*names, *_HEADINGS[3:])
    show_table(headings, [_cells(row, names) for row in rows], right=_HEADINGS[3:])
    if any(row.revenue_unknown or row.llm_calls_unpriced for row in rows):
        remark("? is not known: an entry without a rate or price, a model call without a price")


def _cells(row: Row, names: tuple[str, ...]) -> tuple[str, ...]:
    revenue = "?" if row.revenue is None else f"{_rounded(row.revenue, 2)}"
    cost = "?" if row.llm_cost_usd is None else _rounded(row.llm_cost_usd, 4)
    if row.llm_cost_usd is not None and row.llm_calls_unpriced:
        cost += " + ?"
    return (
        *(getattr(row, name) or "?" for name in names),
        _rounded(row.hours, 3),
        _rounded(row.billable_hours, 3),
        f"{row.outcomes_successful}/{row.outcomes}" if row.outcomes else "0",
        f"{row.currency or '?'} {revenue}",
        cost,
    )


def _rounded(number: Decimal, places: int) -> str:
    return f"{number:.{places}f}"
