"""Rendering time that was told, not measured: an entry with the hours that were given."""

from __future__ import annotations

from decimal import Decimal

from .contract import Contract
from .entry import Entry, agent_of, entry_body, identity, times
from .hours import HOUR, Part, split, zone
from .metadata import fitted
from .notes import notes
from .run_facts import StartFacts, TimeFacts, target_of
from .tally import Tallied, daily
from .usage import EXACT


def time_entry(
    start: StartFacts, told: TimeFacts, contract: Contract, *, at: int, tallied: Tallied
) -> Entry:
    """Render time that was told.

    Args:
        start: The run that told it.
        told: The time.
        contract: What is charged.
        at: When it was told, in microseconds since 1970.
        tallied: How much was charged already.
    """
    hours = Decimal(told["hours"])
    length = _microseconds(hours)
    day = split(at, 0, [], zone(contract.time_zone))[0].day
    part = Part(day=day, start=at - length, end=at, counted=length, hours=hours)
    tally = daily(start, "time", "told", day)
    meant = contract.charges_time if told["billable"] is None else told["billable"]
    wanted = meant and start["mode"] != "test"
    most = told["per_day"]
    capped = wanted and most is not None and tallied(tally) + length > _microseconds(Decimal(most))
    charged = wanted and not capped
    own = {
        **identity(start, contract),
        **times(part, contract, charged=charged),
        "keito_key": told["key"],
        "status": "ok",
        "time_basis": "told",
        "attempt": 1,
        "subject": told["subject"],
        "evidence": told["evidence"],
        "capped": True if capped else None,
    }
    said = notes(
        agent=agent_of(start),
        outcomes={},
        key=told["key"],
        template=None,
        said=[told["description"]] if told["description"] else [],
    )
    body = entry_body(start, part, notes=said, billable=charged, hours=hours)
    return Entry(
        key=told["key"],
        body={**body, "metadata": fitted(own, target_of(start).metadata)},
        charged=charged,
        tally=tally,
        amount=length if charged else 0,
    )


def _microseconds(hours: Decimal) -> int:
    return int(EXACT.multiply(hours, Decimal(HOUR)))
