"""Rendering an expense that an agent had."""

from __future__ import annotations

from decimal import Decimal

from ._facts import utf8
from .contract import Contract
from .entry import SOURCE, Entry, agent_of, identity
from .hours import split, zone
from .metadata import fitted
from .notes import notes
from .run_facts import ExpenseFacts, StartFacts, target_of
from .tally import Tallied, daily


def expense_entry(
    start: StartFacts, told: ExpenseFacts, contract: Contract, *, at: int, tallied: Tallied
) -> Entry:
    """Render an expense.

    Args:
        start: The run that had it.
        told: The expense.
        contract: Whose time zone tells the day.
        at: When it was told, in microseconds since 1970.
        tallied: How much was charged already.
    """
    day = split(at, 0, [], zone(contract.time_zone))[0].day
    tally = daily(start, "expense", told["name"] or told["category"], day)
    wanted = told["billable"] and start["mode"] != "test"
    most = told["per_day"]
    capped = wanted and most is not None and tallied(tally) + told["quantity"] > most
    charged = wanted and not capped
    own = {
        **identity(start, contract),
        "keito_key": told["key"],
        "expense_name": told["name"],
        "expense_quantity": told["quantity"],
        "subject": told["subject"],
        "evidence": told["evidence"],
        "capped": True if capped else None,
    }
    body: dict[str, object] = {
        "project_id": target_of(start).project_id,
        "expense_category_id": utf8(told["category"]),
        "spent_date": day.isoformat(),
        "notes": _notes(start, told),
        "billable": charged,
        "source": SOURCE,
        "metadata": fitted(own, target_of(start).metadata),
    }
    return Entry(
        key=told["key"],
        body={**body, **_amount(told)},
        charged=charged,
        tally=tally,
        amount=told["quantity"] if charged else 0,
    )


def _amount(told: ExpenseFacts) -> dict[str, object]:
    if told["total_cost"] is not None:
        return {"total_cost": Decimal(told["total_cost"])}
    return {"units": told["units"]}


def _notes(start: StartFacts, told: ExpenseFacts) -> str:
    what = told["description"] or (told["name"] or "expense").replace("_", " ").capitalize()
    return notes(agent=agent_of(start), outcomes={}, key=told["key"], template=None, said=[what])
