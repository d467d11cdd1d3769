"""Corrections: what is changed in an entry that has been made.

Of a model call that came late only what was used and what it cost is corrected, never hours, money
or text: a person may have read them. Of a run that was taken for dead, whose entry says so and is
not charged, all is corrected that is otherwise once the run has ended after all. Neither is sent
where anybody else has touched the entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import cast

from .. import _json
from . import _log
from ._facts import decode, encode
from .contract import Contract
from .entry import Entry, run_entries
from .keys import record_key
from .metadata_change import difference, fitting, whole
from .outbox.record import Record
from .prices import Prices
from .run_facts import BaseFacts, EndFacts, LateFacts, StartFacts
from .usage import EXACT
from .wire import metadata_of, read

_UNSENT = ("UNROUTED", "DROPPED")
# What else the end of a run may change in its entry.
_TOLD = ("hours", "billable", "notes")
AFTER_PARKED = "after_parked"
"""Why something is parked that comes after what is parked."""
DROPPED_WITH = "dropped with its entry"
"""Why something is dropped that comes after what was dropped."""

# Two corrections of one entry must go in the order in which they were filed, within one moment too.
_NEXT = 1e-6


def correction(
    base: Record,
    earlier: Sequence[Record],
    late: LateFacts,
    contract: Contract,
    *,
    prices: Prices | None,
    passes_cost_on: bool,
    now: float,
) -> Record | None:
    """Return the record that corrects an entry.

    Each says all that differs from the entry as it was made, so that none depends on another.

    Args:
        base: The record of the entry, the first one of its run.
        earlier: The corrections it has already, oldest first.
        late: What came of the run, with the late call.
        contract: The contract of the run.
        prices: What model calls cost whose provider does not say.
        passes_cost_on: Whether the daily expense has what the run's calls cost.
        now: Seconds since 1970.

    Returns:
        None if there is nothing to correct, or a later correction is on record.
    """
    number = late["result"]["late"]
    if any(_number(record) >= number for record in earlier):
        return None
    start = _start(base)
    entry = run_entries(start, late["result"], contract, prices=prices, tallied=_nothing)[0]
    made = _made([base, *earlier], {"start": start, "result": late["result"]}, entry, now=now)
    made = replace(made, expense="due" if made.cost and passes_cost_on else "")
    if base.state in _UNSENT:
        return _unsent(made, base)
    if base.after:
        # Imported here: few have their runs added up, and nobody else needs to load it.
        from .totals.details import late_detail

        return late_detail(made, base, earlier)
    before, wanted = metadata_of(read(base.payload)), metadata_of(entry.body)
    sent = [read(r.payload) for r in earlier if r.payload and r.state != "DROPPED"]
    last = sent[-1] if sent else {}
    change = fitting(before, difference(before, wanted, touched=metadata_of(last)))
    told = {name: last[name] for name in _TOLD if name in last}
    if change == metadata_of(last):
        # Keito need not hear of it, the day's expense may.
        return replace(made, state="DONE") if made.cost else None
    return _standing(made, base, told, change)


def ending(
    base: Record, part: int, entry: Entry, facts: EndFacts, *, passes_cost_on: bool, now: float
) -> Record:
    """Return the record that makes an entry say how its run ended after all.

    Args:
        base: The record of the entry, which says that the run was recovered.
        part: Which part of the run it is, from 0.
        entry: How the entry is to be.
        facts: What it was rendered from.
        passes_cost_on: Whether the daily expense has what the run's calls cost.
        now: Seconds since 1970.
    """
    made = replace(
        _made([base], cast("dict[str, object]", facts), entry, part=part, now=now),
        work=base.work,
        charged=entry.charged,
        tally=entry.tally or base.tally,
        amount=entry.amount - base.amount,
    )
    made = replace(made, expense="due" if made.cost and passes_cost_on else "")
    if base.state in _UNSENT:
        return _unsent(made, base)
    before = read(base.payload)
    wanted = read(_json.dumps(entry.body).decode())
    told = {name: wanted[name] for name in _TOLD if wanted[name] != before[name]}
    change = whole(metadata_of(before), metadata_of(wanted))
    return _standing(made, base, told, fitting(metadata_of(before), change))


def _made(
    known: Sequence[Record],
    facts: Mapping[str, object],
    entry: Entry,
    *,
    part: int = 0,
    now: float,
) -> Record:
    """Make the record of a correction, without what it says; `known` has the entry's first."""
    base, said = known[0], cast("LateFacts", facts)
    number = (str(said["result"]["late"]), *([str(part)] if part else []))
    cost = _added_cost(entry, known)
    return Record(
        key=record_key(said["start"]["account"], base.run, "correction", *number),
        run=base.run,
        kind="correction",
        destination=base.destination,
        state="UNROUTED",
        payload="",
        facts=encode(facts) if part == 0 else "",
        project=base.project,
        day=base.day,
        contract=base.contract,
        cost=_json.dumps(cost).decode() if cost else "",
        held=base.held,
        after=base.key,
        made=max(now, *(record.made + _NEXT for record in known)),
        since=now,
    )


def _unsent(made: Record, base: Record) -> Record:
    """Return the correction of an entry that goes nowhere, or not yet: it counts as little."""
    uncounted = replace(made, charged=False, tally="", amount=0)
    if base.state == "UNROUTED":
        return uncounted
    return replace(uncounted, state="DROPPED", reason=DROPPED_WITH, expense="")


def _standing(
    made: Record, base: Record, told: Mapping[str, object], change: Mapping[str, object] | None
) -> Record:
    """Say what a correction says, and where it stands: as its entry does."""
    if change is None:
        _log.warn("too large", "what came late of a run has no room in its entry: kept, not sent")
        return replace(made, state="PARKED", reason="too_large")
    payload = _json.dumps({**told, "metadata": change}).decode()
    if base.state == "PARKED":
        return replace(made, state="PARKED", reason=AFTER_PARKED, payload=payload)
    return replace(made, state="READY", payload=payload)


def _added_cost(entry: Entry, known: Sequence[Record]) -> dict[str, object]:
    """Say what the run has come to cost more than is on record."""
    on_record = [read(record.cost) for record in known]
    added: dict[str, object] = {}
    if "cost_usd" in entry.cost:
        usd = _decimal(entry.cost["cost_usd"])
        added["cost_usd"] = EXACT.subtract(usd, _sum(on_record, "cost_usd"))
    # Less than 0 where a cost has become known.
    unpriced = _decimal(entry.cost.get("llm_calls_unpriced"))
    added["llm_calls_unpriced"] = int(unpriced - _sum(on_record, "llm_calls_unpriced"))
    return {name: value for name, value in added.items() if value != 0}


def _sum(said: Sequence[Mapping[str, object]], name: str) -> Decimal:
    total = Decimal(0)
    for one in said:
        total = EXACT.add(total, _decimal(one.get(name)))
    return total


def _decimal(value: object) -> Decimal:
    return Decimal(value) if isinstance(value, (Decimal, int)) else Decimal(0)


def _start(base: Record) -> StartFacts:
    # Whoever said later whose work it was has changed the record, and not the journal.
    return cast("BaseFacts", decode(base.facts))["start"]


def _number(record: Record) -> int:
    return cast("LateFacts", decode(record.facts))["result"]["late"]


def _nothing(name: str) -> int:
    """Return what is on record of a day that is rounded as a whole: hours are not corrected."""
    return 0
