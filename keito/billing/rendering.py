"""Rendering: lines of the journal become records, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from .. import _json
from . import _log
from ._facts import decode, encode
from .batch import Batch
from .contract import Contract, check_contract, read_contract
from .correction import correction
from .entry import Entry, run_entries
from .expense_entry import expense_entry
from .outbox.line import SINGLE, Line
from .outbox.record import Kind, Record
from .outcome_entry import outcome_entry
from .prices import Prices
from .run_facts import (
    BaseFacts,
    RunFacts,
    StartFacts,
    expense_of,
    key_of,
    late_of,
    outcome_of,
    recovered,
    result_of,
    start_of,
    started_in,
    target_of,
    time_of,
    work_of,
)
from .tally import Tallied
from .time_entry import time_entry


class Rendering:
    """Makes records of lines. Nothing is stored before the batch they go to is filed."""

    def __init__(self, *, clock: Callable[[], float], prices: Prices | None) -> None:
        self._clock = clock
        self._prices = prices

    def add(self, batch: Batch, line: Line, start: Line | None) -> None:
        """Render a line that has arrived.

        Args:
            batch: Where the records go.
            line: One of the kinds in `ARRIVING`.
            start: The `start` line of its run.
        """
        if line.kind == "contract":
            # Stored also if only a newer version can read it: its runs are parked until one does.
            check_contract(line.body, id=line.run)
            batch.contracts[line.run] = line.body
            batch.lines.append(line.id)
        elif line.kind == "late":
            self._add_late(batch, line)
        elif line.kind in SINGLE:
            self._add_single(batch, line)
        elif batch.recorded(line.run):
            # The rest of a run that was filed before a crash, or while its process was stopped.
            batch.runs.append(line.run)
        elif start is None:
            raise LookupError("the start of a run is missing")
        else:
            self._add_run(batch, start_of(start), result_of(line))

    def recover(self, batch: Batch, lines: Sequence[Line], *, last_sign: float) -> None:
        """Render a run whose process died.

        Args:
            batch: Where the records go.
            lines: All lines of the run.
            last_sign: When its recorder was last seen, in seconds since 1970.
        """
        first = next(line for line in lines if line.kind == "start")
        # What was logged stands, however the run ended.
        for line in lines:
            if line.kind in SINGLE and line.kind != "late":
                self._add_single(batch, line)
        if batch.recorded(first.run):
            batch.runs.append(first.run)
            return
        start = start_of(first)
        self._add_run(batch, start, recovered(start, lines, last_sign=last_sign))
        _log.warn("recovered", "a run was left open by a process that died: recorded, not charged")

    def _add_run(self, batch: Batch, start: StartFacts, result: RunFacts) -> None:
        earlier, paid = _attempts(batch, start)
        contract = _contract(batch, start)
        entries = run_entries(
            start,
            result,
            contract,
            attempt=earlier + 1,
            paid=paid,
            prices=self._prices,
            tallied=batch.tally,
        )
        said = {"start": start, "result": result, "attempt": earlier + 1, "paid": paid}
        records = self._records(start, entries, kind="run", facts=said)
        if not paid and _passes_cost_on(contract, start, result) and records[0].cost:
            records[0] = replace(records[0], expense="due")
        batch.records += records
        batch.runs.append(start["run"])

    def _add_single(self, batch: Batch, line: Line) -> None:
        start = started_in(line)
        if batch.find(key_of(line)) is None:
            entry = _single_entry(line, start, _contract(batch, start), tallied=batch.tally)
            said = {**decode(line.body), "at": line.at}
            batch.records += self._records(start, [entry], kind=_KINDS[line.kind], facts=said)
        batch.lines.append(line.id)

    def _add_late(self, batch: Batch, line: Line) -> None:
        late = late_of(line)
        of_run = batch.of_run(line.run)
        base = next((record for record in of_run if record.kind == "run" and record.facts), None)
        if base is None and any(x.kind == "finish" for x in batch.outbox.lines(line.run)):
            # Its run could not be filed just now: both wait.
            return
        if base is None:
            raise LookupError("what came late belongs to a run that is not on record any more")
        said = cast("BaseFacts", decode(base.facts))
        contract = _contract(batch, said["start"])
        made = correction(
            base,
            [record for record in of_run if record.after == base.key],
            late,
            contract,
            prices=self._prices,
            passes_cost_on=not said["paid"]
            and _passes_cost_on(contract, said["start"], said["result"]),
            now=self._clock(),
        )
        batch.records += [made] if made is not None else []
        batch.lines.append(line.id)

    def _records(
        self,
        start: StartFacts,
        entries: Sequence[Entry],
        *,
        kind: Kind,
        facts: dict[str, object],
    ) -> list[Record]:
        target, now = target_of(start), self._clock()
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


_KINDS: dict[str, Kind] = {"outcome": "outcome", "time": "time", "expense": "expense"}


def _single_entry(line: Line, start: StartFacts, contract: Contract, tallied: Tallied) -> Entry:
    if line.kind == "outcome":
        return outcome_entry(start, outcome_of(line), contract, at=line.at, tallied=tallied)
    if line.kind == "time":
        return time_entry(start, time_of(line), contract, at=line.at, tallied=tallied)
    if line.kind == "expense":
        return expense_entry(start, expense_of(line), contract, at=line.at, tallied=tallied)
    raise LookupError(f"a line of the kind {line.kind} makes no record of its own")


def _attempts(batch: Batch, start: StartFacts) -> tuple[int, bool]:
    work = work_of(start)
    if not work:
        return 0, False
    return batch.attempts(work, destination=start["destination"], run=start["run"])


def _passes_cost_on(contract: Contract, start: StartFacts, result: RunFacts) -> bool:
    # A client who does not pay for a run does not pay for its model calls either.
    return (
        contract.cost_expense is not None
        and contract.charges(result["status"])
        and start["mode"] != "test"
        and target_of(start).routed
    )


def _contract(batch: Batch, start: StartFacts) -> Contract:
    text = batch.contract(start["contract"])
    if text is None:
        raise LookupError("the contract of a run is missing")
    return read_contract(text)
