"""Filing: what the journal holds becomes records, rendered once and stored before any is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from .. import _json
from . import _log
from ._guard import refused, report
from .contract import Contract, read_contract
from .entry import Entry, outcome_entry, run_entries
from .outbox.line import Line
from .outbox.port import Outbox
from .outbox.record import Record
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


class Filing:
    """Turns arrivals into records.

    A line that can't be rendered stays in the journal and is left alone from then on: it must
    neither be lost nor keep the others waiting.
    """

    def __init__(self, outbox: Outbox, *, clock: Callable[[], float]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._unreadable: set[int] = set()

    def arrivals(self) -> bool:
        """File what has finished; whether there was anything."""
        lines = self._outbox.arrivals(limit=AT_ONCE + len(self._unreadable))
        starts = {line.run: line for line in lines if line.kind == "start"}
        contracts = {line.run: line.body for line in lines if line.kind == "contract"}
        work = [line for line in lines if line.kind != "start" and line.id not in self._unreadable]
        if contracts:
            ids = [line.id for line in work if line.kind == "contract"]
            self._outbox.file([], contracts=contracts, lines=ids, runs=())
        for line in work:
            self._file(line, starts.get(line.run))
        return bool(work)

    def orphans(self) -> int:
        """File the runs that dead processes left open; how many there were."""
        found = self._outbox.orphans(now=self._clock())
        for lines in found:
            error = refused(partial(self._recover, lines))
            if error is not None:
                report("recovering a run", error)
        return len(found)

    def _file(self, line: Line, start: Line | None) -> None:
        if line.kind == "contract":
            return
        error = refused(lambda: self._file_now(line, start))
        if error is not None:
            self._unreadable.add(line.id)
            report("rendering a record", error)

    def _file_now(self, line: Line, start: Line | None) -> None:
        if line.kind == "outcome":
            run, outcome = outcome_of(line)
            entry = outcome_entry(run, outcome, self._contract(run), at=line.at)
            records = self._records(run, [entry], kind="outcome", facts=line.body)
            self._outbox.file(records, contracts={}, lines=[line.id], runs=())
        elif self._outbox.recorded(line.run):
            # The rest of a run that was filed before a crash, or while its process was stopped.
            self._outbox.file([], contracts={}, lines=[line.id], runs=[line.run])
        elif start is None:
            raise LookupError("the start of a run is missing")
        else:
            self._file_run(start_of(start), result_of(line))

    def _recover(self, lines: list[Line]) -> None:
        first = next(line for line in lines if line.kind == "start")
        start = start_of(first)
        if self._outbox.recorded(first.run):
            self._outbox.file([], contracts={}, lines=(), runs=[first.run])
            return
        sign = self._outbox.last_sign(first.owner)
        _log.warn("recovered", "a run was left open by a process that died: recorded, not charged")
        # Its outcomes are lines of their own and stand: they are filed before the run is.
        for line in lines:
            if line.kind == "outcome":
                self._file_now(line, first)
        self._file_run(start, recovered(start, lines, last_sign=sign))

    def _file_run(self, start: StartFacts, result: RunFacts) -> None:
        work = target_of(start).work_key or ""
        earlier, paid = 0, False
        if work:
            earlier, paid = self._outbox.attempts(
                work, destination=start["destination"], run=start["run"]
            )
        entries = run_entries(start, result, self._contract(start), attempt=earlier + 1, paid=paid)
        facts = _json.dumps({"start": start, "result": result}).decode()
        records = self._records(start, entries, kind="run", facts=facts)
        self._outbox.file(records, contracts={}, lines=(), runs=[start["run"]])

    def _contract(self, start: StartFacts) -> Contract:
        text = self._outbox.contract(start["contract"])
        if text is None:
            raise LookupError("the contract of a run is missing")
        return read_contract(text)

    def _records(
        self, start: StartFacts, entries: Iterable[Entry], *, kind: str, facts: str
    ) -> list[Record]:
        target, now = target_of(start), self._clock()
        if not target.routed:
            entries = list(entries)[:1]
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
                held=start["mode"] == "record",
                made=now,
                since=now,
            )
            for entry in entries
        ]
