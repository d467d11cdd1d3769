"""Records of entries: what rendering leaves to be filed."""

from __future__ import annotations

from collections.abc import Sequence

from .. import _json
from ._facts import encode
from .batch import Batch
from .contract import Contract, read_contract
from .entry import Entry
from .outbox.record import Kind, Record
from .run_facts import StartFacts, target_of, work_of


def records_of(
    start: StartFacts, entries: Sequence[Entry], *, kind: Kind, facts: dict[str, object], now: float
) -> list[Record]:
    """Make the records of entries.

    Args:
        start: The start of the run they belong to.
        entries: What was rendered.
        kind: What they are.
        facts: What they were rendered from; the first record keeps it.
        now: Seconds since 1970.
    """
    target = target_of(start)
    routed = target.routed
    return [
        Record(
            key=entry.key,
            run=start["run"],
            kind=kind,
            destination=start["destination"],
            state="READY" if routed else "UNROUTED",
            payload=_json.dumps(entry.body).decode() if routed else "",
            facts=encode(facts) if number == 0 else "",
            project=target.project_id or "",
            day=str(entry.body["spent_date"]),
            work=work_of(start),
            charged=entry.charged and routed,
            cost=_json.dumps(entry.cost).decode() if entry.cost else "",
            tally=entry.tally if routed else "",
            amount=entry.amount if routed else 0,
            contract=start["contract"],
            held=start["mode"] == "record",
            made=now,
            since=now,
        )
        # An unrouted run is rendered, and then perhaps split, when someone says whose it is.
        for number, entry in enumerate(entries if routed else entries[:1])
    ]


def contract_of(batch: Batch, start: StartFacts) -> Contract:
    """Return the contract of a run.

    Raises:
        LookupError: It is not on record.
    """
    text = batch.contract(start["contract"])
    if text is None:
        raise LookupError("the contract of a run is missing")
    return read_contract(text)


def passes_cost_on(contract: Contract, start: StartFacts, status: str, *, paid: bool) -> bool:
    """Whether the daily expense has what the model calls of a run cost that ended like this."""
    # A client who does not pay for a run does not pay for its model calls either.
    return (
        not paid
        and contract.cost_expense is not None
        and contract.charges(status)
        and start["mode"] != "test"
        and target_of(start).routed
    )


def attempts(batch: Batch, start: StartFacts) -> tuple[int, bool]:
    """How many other runs have this run's work key, and whether one of them was charged."""
    work = work_of(start)
    if not work:
        return 0, False
    return batch.attempts(work, destination=start["destination"], run=start["run"])
