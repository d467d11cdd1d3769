"""Everything that is known of one record, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..record import Shown, moment, read, shown
from ..uncharged import contract_of, why_not_charged
from .arithmetic import Step, steps

if TYPE_CHECKING:
    from ...billing.outbox.port import Outbox
    from ...billing.outbox.record import Record


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a record or its run."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is known of a record.

    Attributes:
        record: Where it stands.
        not_charged: Why the client does not pay for it, if it does not.
        run: How its run was started.
        result: What came of its run, or what was claimed.
        contract: By what it was rendered.
        arithmetic: From the run's time to the hours, step by step.
        cost: What its model calls cost, also where Keito is not told.
        sent: The body that is or was sent.
        echo: What Keito stored of it, as it was seen last.
        differs: What Keito stored otherwise than it was sent.
        events: What happened, oldest first.
        others: The other records of the run.
        in_keito: The entry or expense as Keito has it now, if it was asked.
    """

    record: Shown | None
    not_charged: str | None = None
    run: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    contract: Mapping[str, Any] = field(default_factory=dict)
    arithmetic: Sequence[Step] = ()
    cost: Mapping[str, Any] = field(default_factory=dict)
    sent: Mapping[str, Any] = field(default_factory=dict)
    echo: Mapping[str, Any] = field(default_factory=dict)
    differs: Sequence[str] = ()
    events: Sequence[Event] = ()
    others: Sequence[Shown] = ()
    in_keito: Mapping[str, Any] | None = None


def story(outbox: Outbox, record: Record) -> Story:
    """Gather what the outbox knows of a record."""
    of_run = outbox.of_run(record.run) if record.run else [record]
    # A run in several parts says what it was rendered from in the first of them only.
    first = next((one for one in of_run if one.kind == "run" and one.facts), record)
    facts = read(first.facts if record.kind == "run" else record.facts)
    contract = contract_of(outbox, record)
    start = facts.get("start") or {}
    result = {name: said for name, said in facts.items() if name != "start"}
    return Story(
        record=shown(record),
        not_charged=why_not_charged(record, contract),
        run=start,
        result=result.get("result") or result.get(record.kind) or {},
        contract={} if contract is None else read(contract.text()),
        arithmetic=steps(record, facts, contract),
        cost=read(record.cost),
        sent=read(record.payload),
        echo=read(record.echo),
        differs=_differs(record),
        events=_events(outbox, record, start, result.get("result") or {}),
        others=[shown(one) for one in of_run if one.key != record.key],
    )


def _differs(record: Record) -> list[str]:
    from ...billing.wire import changed

    echo = read(record.echo)
    return changed(record, echo) if echo and record.payload else []


def _events(
    outbox: Outbox, record: Record, start: Mapping[str, Any], result: Mapping[str, Any]
) -> list[Event]:
    found = [Event(moment(record.made), "became a record")]
    if "at" in start:
        begun = Decimal(start["at"]) / 1_000_000
        found.append(Event(moment(float(begun)), "the run began"))
        if "elapsed" in result:
            ended = begun + Decimal(result["elapsed"]) / 1_000_000
            said = f"the run ended as {result.get('status')}"
            if result.get("error"):
                said += f" ({result['error']})"
            found.append(Event(moment(float(ended)), said))
    for line in outbox.lines(record.run) if record.run else ():
        found.append(Event(moment(line.at / 1_000_000), f"in the journal still: {line.kind}"))
    times = f" after being sent {record.attempts} times" if record.attempts > 1 else ""
    if record.since != record.made:
        found.append(Event(moment(record.since), f"{record.state}{times}"))
    return sorted(found, key=lambda event: event.at)
