"""Rendering an outcome: an entry without hours, whose metadata says what it is worth."""

from __future__ import annotations

from decimal import Decimal

from .contract import Contract
from .entry import Entry, agent_of, entry_body, identity, times
from .hours import split, zone
from .metadata import fitted
from .notes import notes
from .run_facts import OutcomeFacts, StartFacts, target_of
from .tally import Tallied, daily


def outcome_entry(
    start: StartFacts, outcome: OutcomeFacts, contract: Contract, *, at: int, tallied: Tallied
) -> Entry:
    """Render an outcome: an entry without hours, whose metadata says what it is worth.

    Args:
        start: The run that reported it.
        outcome: The outcome.
        contract: What is charged.
        at: When it was reported, in microseconds since 1970.
        tallied: How much was charged already.
    """
    where = zone(contract.time_zone)
    moment = split(at, 0, [], where)[0]
    price = _price(outcome, contract)
    tally = daily(start, "outcome", outcome["type"], moment.day)
    earned = contract.charges_outcomes and outcome["success"] and start["mode"] != "test"
    capped = earned and _exceeds(outcome, contract, so_far=tallied(tally))
    charged = earned and not capped
    own = {
        **identity(start, contract),
        **times(moment, contract, charged=charged),
        "keito_key": outcome["key"],
        "status": "ok" if outcome["success"] else "error",
        "time_basis": contract.time_basis,
        "attempt": 1,
        "outcome_type": outcome["type"],
        "outcome_unit_price": price,
        "outcome_quantity": outcome["quantity"],
        "outcome_success": outcome["success"],
        "outcome_subject": outcome["subject"],
        "outcome_evidence": outcome["evidence"],
        "capped": True if capped else None,
    }
    said = notes(
        agent=agent_of(start),
        outcomes={outcome["type"]: outcome["quantity"]},
        key=outcome["key"],
        template=None,
        said=[outcome["description"]] if outcome["description"] else [],
    )
    body = entry_body(start, moment, notes=said, billable=charged, hours=Decimal(0))
    metadata = fitted(own, target_of(start).metadata)
    return Entry(
        key=outcome["key"],
        body={**body, "metadata": metadata},
        charged=charged,
        tally=tally,
        amount=outcome["quantity"] if charged else 0,
    )


def _exceeds(outcome: OutcomeFacts, contract: Contract, *, so_far: int) -> bool:
    cap = contract.caps.get(outcome["type"])
    if cap is None:
        return False
    claimed = outcome["quantity"]
    return (cap.quantity is not None and claimed > cap.quantity) or (
        cap.per_day is not None and so_far + claimed > cap.per_day
    )


def _price(outcome: OutcomeFacts, contract: Contract) -> Decimal | None:
    if outcome.get("unpriced"):
        return None
    said = outcome["unit_price"]
    return contract.price(outcome["type"]) if said is None else Decimal(said)
