"""From a run's time to the hours of an entry, one step per line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from ..record import read

if TYPE_CHECKING:
    from ...billing.contract import Contract
    from ...billing.outbox.record import Record
    from ...billing.run_facts import RunFacts


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `seconds` or `amount` is what it comes to."""

    what: str
    seconds: Decimal | None = None
    amount: Decimal | None = None


def steps(record: Record, facts: Mapping[str, Any], contract: Contract | None) -> list[Step]:
    """Say how what is charged for a record was worked out."""
    body = read(record.payload)
    metadata: dict[str, Any] = body.get("metadata") or {}
    if record.kind == "run":
        return [*_of_run(facts, metadata, contract), *_of_entry(body, metadata, contract)]
    if record.kind == "outcome":
        return _of_outcome(metadata)
    return []


def _of_run(
    facts: Mapping[str, Any], metadata: Mapping[str, Any], contract: Contract | None
) -> list[Step]:
    result = facts.get("result") or {}
    if "elapsed" not in result:
        return []
    from ...billing.intervals import length

    found = [Step("from start to end", _seconds(result["elapsed"]))]
    for name, said in (("pauses", "paused"), ("taken", "in runs with a record of their own")):
        if spans := result.get(name):
            found.append(Step(said, -_seconds(length([(a, b) for a, b in spans]))))
    if contract is None:
        return found
    from ...billing.hours import counted

    whole = counted(cast("RunFacts", result), contract, capped=False)
    basis = f"counted as {whole.basis} time"
    if contract.time_basis != whole.basis:
        basis += f" (nothing was {contract.time_basis})"
    found.append(Step(basis, _seconds(length(whole.intervals))))
    if metadata.get("capped"):
        cut = counted(cast("RunFacts", result), contract, capped=True)
        said = f"cut to max_hours_per_run = {contract.max_hours_per_run}"
        found.append(Step(said, _seconds(length(cut.intervals))))
    return found


def _of_entry(
    body: Mapping[str, Any], metadata: Mapping[str, Any], contract: Contract | None
) -> list[Step]:
    if "hours" not in body:
        return []
    found = []
    part = metadata.get("part")
    charged = Decimal(metadata.get("seconds_charged", 0))
    worked = Decimal(metadata.get("seconds_counted", charged))
    if part is not None:
        said = f"part {part} of {metadata.get('parts')}, on {body.get('spent_date')}"
        found.append(Step(said, worked))
    if body.get("billable") and charged != worked:
        found.append(Step(_rounding(contract), charged - worked))
    basis = charged if body.get("billable") else worked
    found.append(Step("hours: divided by 3600, to six places", basis, Decimal(body["hours"])))
    if not body.get("billable"):
        found.append(Step("charged", Decimal(0)))
    return found


def _rounding(contract: Contract | None) -> str:
    if contract is None:
        return "rounded"
    said = [
        f"{name} {time.total_seconds():g} s"
        for name in ("minimum", "increment")
        if (time := getattr(contract, name)) is not None
    ]
    return f"rounded, {' and '.join(said)} per {contract.rounded_per}"


def _of_outcome(metadata: Mapping[str, Any]) -> list[Step]:
    price, quantity = metadata.get("outcome_unit_price"), metadata.get("outcome_quantity", 1)
    if price is None:
        return [Step("no price is known: neither the call nor the contract has one")]
    return [Step(f"{quantity} x {price}", amount=Decimal(price) * Decimal(quantity))]


def _seconds(microseconds: int) -> Decimal:
    return Decimal(microseconds) / 1_000_000
