"""`keito summary` itself."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import astuple, fields
from decimal import Decimal
from typing import Annotated

import typer

from ..csv import write_csv
from ..output import Json, progress, remark, say, show_json
from ..period import FromDay, Month, Period, ToDay, period
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, Place, keito, place
from ..table import show_table
from .adding import By, summary_rows
from .row import Row

_ALL = ("client", "project", "agent")
_NUMBERS = ("hours", "billable", "outcomes", "revenue", "expenses", "LLM USD")
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
    """Add up what agents did, earned, spent and cost.

    That is hours, outcomes, revenue, expenses, and what the models cost.
    """
    if csv and json:
        raise typer.BadParameter("give --csv or --json, not both")
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
    names = _NAMES.get(by, _ALL)
    numbers = [name for name in _NUMBERS if name != "expenses" or any(map(_has_expenses, rows))]
    cells = [_cells(row) for row in rows]
    headings = (*names, *numbers)
    table = [[one[name] for name in headings] for one in cells]
    show_table(headings, table, right=numbers, apart=names)
    if any("?" in one[name] for one in cells for name in headings):
        remark("? is not known: a rate, a price, an amount, or whom it is for")


def _has_expenses(row: Row) -> bool:
    return bool(row.expenses or row.expenses_unbilled or row.expenses_unknown)


def _cells(row: Row) -> dict[str, str]:
    money = row.currency or "?"
    expenses = f"{money} {_rounded(row.expenses, 2)}{' + ?' if row.expenses_unknown else ''}"
    cost = "?" if row.llm_cost_usd is None else _rounded(row.llm_cost_usd, 4)
    if row.llm_cost_usd is not None and row.llm_calls_unpriced:
        cost += " + ?"
    return {
        **{name: getattr(row, name) or "?" for name in _ALL},
        "hours": _rounded(row.hours, 3),
        "billable": _rounded(row.billable_hours, 3),
        "outcomes": f"{row.outcomes_successful}/{row.outcomes}" if row.outcomes else "0",
        "revenue": f"{money} {'?' if row.revenue is None else _rounded(row.revenue, 2)}",
        "expenses": expenses if _has_expenses(row) else "",
        "LLM USD": cost,
    }


def _rounded(number: Decimal, places: int) -> str:
    return f"{number:.{places}f}"
