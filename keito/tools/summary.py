"""`my_summary`: what this agent has done this month for the current client."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from pydantic import create_model

from ..billing.hours import zone
from ..billing.usage import EXACT
from .call import Approve, Claim
from .cleaning import words
from .reading import check, opened, projects_of_client
from .tool import Tool

if TYPE_CHECKING:
    from ..types import TimeEntry

_MOST_TYPES = 20


def my_summary(*, approve: Approve = False) -> Tool:
    """Make the tool that tells this agent's hours and outcomes of this month; never money."""
    return Tool(
        name="my_summary",
        description="See what you have done this month for the client you work for.",
        arguments=create_model("MySummary"),
        check=partial(check, tool="my_summary"),
        carry_out=_summary,
        writes=False,
        waits=True,
        approve=approve,
    )


def _summary(claim: Claim) -> str:
    today = datetime.now(zone(claim.run.contract.time_zone)).date()
    found = _entries(claim, today.replace(day=1), today)
    hours, outcomes = Decimal(0), Counter[str]()
    for entry in found:
        hours = EXACT.add(hours, entry.hours or Decimal(0))
        outcomes.update(_achieved(entry))
    counts = [f"{count} x {kind}" for kind, count in outcomes.most_common(_MOST_TYPES)]
    achieved = ", ".join(counts) or "no outcomes"
    return f"This month, as far as Keito has it: {hours:.2f} hours; {achieved}."


def _entries(claim: Claim, first: date, last: date) -> list[TimeEntry]:
    """This agent's entries for its client: both are looked at here, whatever Keito lists."""
    with opened(claim) as keito:
        client, found = projects_of_client(keito, claim)
        projects = {one.id for one in found}
        listed = keito.time_entries.list(
            client_id=client, from_date=first, to_date=last, source="agent"
        )
        return [
            entry
            for entry in listed
            if entry.project_id in projects
            and entry.source == "agent"
            and (entry.metadata or {}).get("agent_id") == claim.run.agent
        ]


def _achieved(entry: TimeEntry) -> dict[str, int]:
    said = entry.metadata or {}
    kind, quantity = said.get("outcome_type"), said.get("outcome_quantity")
    if (
        not isinstance(kind, str)
        or not isinstance(quantity, int)
        or not said.get("outcome_success")
    ):
        return {}
    return {words(kind): quantity}
