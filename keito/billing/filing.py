"""Filing: what the journal holds becomes records, rendered once and stored before any is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from .. import _json
from . import _log
from ._guard import refused, report
from .contract import Contract, read_contract
from .entry import Entry, run_entries
from .outbox.line import Line
from .outbox.port import Outbox
from .outbox.record import Record
from .outcome_entry import outcome_entry
from .prices import Prices
from .run_facts import (
    RunFacts,
    StartFacts,
    outcome_of,
    recovered,
    result_of,
    start_of,
    target_of,
)

AT_ONCE = 200


@dataclass(slots=True)
class Batch:
    """What is filed in one go: records, and the lines and runs they were made from."""

    records: list[Record] = field(default_factory=list)
    contracts: dict[str, str] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)


class Filing:
    """Turns arrivals into records.

    A line that can't be rendered stays in the journal and is left alone from then on: it must
    neither be lost nor keep the others waiting.
    """

    def __init__(
        self, outbox: Outbox, *, clock: Callable[[], float], prices: Prices | None = None
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._prices = prices
        self._unreadable: set[int] = set()

    def arrivals(self) -> bool:
        """File what has finished; whether there was anything."""
        with self._outbox.filing_turn() as mine:
            lines = self._outbox.arrivals(limit=AT_ONCE + len(self._unreadable)) if mine else []
            starts = {line.run: line for line in lines if line.kind == "start"}
            new = [x for x in lines if x.kind != "start" and x.id not in self._unreadable]
            batch = Batch()
            for line in new:
                self._tried(line, partial(self._add, batch, line, starts.get(line.run)))
            self._file(batch)
        return bool(new)

    def orphans(self) -> None:
        """File the runs that dead processes left open."""
        with self._outbox.filing_turn() as mine:
            batch = Batch()
            for lines in self._outbox.orphans(now=self._clock()) if mine else []:
                self._tried(lines[0], partial(self._recover, batch, lines))
            self._file(batch)

    def _tried(self, line: Line, work: Callable[[], None]) -> None:
        error = refused(work) if line.id not in self._unreadable else None
        if error is not None:
            self._unreadable.add(line.id)
            report("rendering a record", error)

    def _file(self, batch: Batch) -> None:
        if batch.lines or batch.runs:
            self._outbox.file(
                batch.records, contracts=batch.contracts, lines=batch.lines, runs=batch.runs
            )

    def _add(self, batch: Batch, line: Line, start: Line | None) -> None:
        if line.kind == "contract":
            read_contract(line.body)
            batch.contracts[line.run] = line.body
            batch.lines.append(line.id)
        elif line.kind == "outcome":
            self._add_outcome(batch, line)
        elif self._outbox.recorded(line.run):
            # The rest of a run that was filed before a crash, or while its process was stopped.
            batch.runs.append(line.run)
        elif start is None:
            raise LookupError("the start of a run is missing")
        else:
            self._add_run(batch, start_of(start), result_of(line))

    def _add_outcome(self, batch: Batch, line: Line) -> None:
        start, outcome = outcome_of(line)
        entry = outcome_entry(start, outcome, self._contract(batch, start), at=line.at)
        batch.records += self._records(start, [entry], kind="outcome", facts=line.body)
        batch.lines.append(line.id)

    def _recover(self, batch: Batch, lines: list[Line]) -> None:
        first = next(line for line in lines if line.kind == "start")
        if self._outbox.recorded(first.run):
            batch.runs.append(first.run)
            return
        start = start_of(first)
        sign = self._outbox.last_sign(first.owner)
        # Its outcomes are lines of their own and stand, however the run ended.
        for line in lines:
            if line.kind == "outcome":
                self._add_outcome(batch, line)
        self._add_run(batch, start, recovered(start, lines, last_sign=sign))
        _log.warn("recovered", "a run was left open by a process that died: recorded, not charged")

    def _add_run(self, batch: Batch, start: StartFacts, result: RunFacts) -> None:
        earlier, paid = self._attempts(batch, start)
        contract = self._contract(batch, start)
        entries = run_entries(
            start, result, contract, attempt=earlier + 1, paid=paid, prices=self._prices
        )
        facts = _json.dumps({"start": start, "result": result}).decode()
        batch.records += self._records(start, entries, kind="run", facts=facts)
        batch.runs.append(start["run"])

    def _attempts(self, batch: Batch, start: StartFacts) -> tuple[int, bool]:
        work = target_of(start).work_key
        if work is None:
            return 0, False
        known, paid = self._outbox.attempts(
            work, destination=start["destination"], run=start["run"]
        )
        same = [
            record
            for record in batch.records
            if (record.work, record.destination, record.kind) == (work, start["destination"], "run")
        ]
        earlier = {record.run for record in same}
        return known + len(earlier), paid or any(record.charged for record in same)

    def _contract(self, batch: Batch, start: StartFacts) -> Contract:
        name = start["contract"]
        text = batch.contracts.get(name) or self._outbox.contract(name)
        if text is None:
            raise LookupError("the contract of a run is missing")
        return read_contract(text)

    def _records(
        self, start: StartFacts, entries: Iterable[Entry], *, kind: str, facts: str
    ) -> list[Record]:
        target, now = target_of(start), self._clock()
        made = list(entries)
        return [
            Record(
                key=entry.key,
                run=start["run"],
                kind=kind,
                destination=start["destination"],
                state="READY" if target.routed else "UNROUTED",
                payload=_json.dumps(entry.body).decode() if target.routed else facts,
                project=target.project_id or "",
                day=str(entry.body["spent_date"]),
                work=target.work_key or "",
                charged=entry.charged and target.routed,
                cost=_json.dumps(entry.cost).decode() if entry.cost else "",
                held=start["mode"] == "record",
                made=now,
                since=now,
            )
            # An unrouted run is rendered, and then perhaps split, when someone says whose it is.
            for entry in (made if target.routed else made[:1])
        ]
