"""Rendering: lines of the journal become records, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from . import _log
from ._facts import decode
from .batch import Batch
from .contract import Contract, check_contract
from .entry import Entry, run_entries
from .expense_entry import expense_entry
from .late import Late
from .outbox.line import SINGLE, Line
from .outbox.record import Kind
from .outcome_entry import outcome_entry
from .prices import Prices
from .recovered import recovered
from .rendered import attempts, contract_of, passes_cost_on, records_of
from .run_facts import (
    RunFacts,
    StartFacts,
    expense_of,
    key_of,
    outcome_of,
    result_of,
    start_of,
    started_in,
    time_of,
)
from .tally import Tallied
from .time_entry import time_entry


class Rendering:
    """Makes records of lines. Nothing is stored before the batch they go to is filed."""

    def __init__(self, *, clock: Callable[[], float], prices: Prices | None) -> None:
        self._clock = clock
        self._prices = prices
        self._late = Late(clock=clock, prices=prices)

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
            self._late.add(batch, line)
        elif line.kind in SINGLE:
            self._add_single(batch, line)
        elif batch.recorded(line.run):
            # The rest of a run that was filed before a crash, or while its process was stopped.
            self._late.end(batch, line.run, result_of(line))
            batch.runs.append(line.run)
        elif start is None:
            raise LookupError("the start of a run is missing")
        else:
            self._add_run(batch, start_of(start), result_of(line))
            batch.runs.append(line.run)

    def recover(self, batch: Batch, lines: Sequence[Line], *, last_sign: float) -> None:
        """Render a run whose process died.

        Args:
            batch: Where the records go.
            lines: All lines of the run.
            last_sign: When its recorder was last seen, in seconds since 1970.
        """
        # What was logged stands, however the run ended.
        for line in lines:
            if line.kind in SINGLE and line.kind != "late":
                self._add_single(batch, line)
        run = lines[0].run
        first = next((line for line in lines if line.kind == "start"), None)
        if not batch.recorded(run):
            self._recover(batch, first, lines, last_sign)
        elif first is None:
            # It ended while it was taken for dead, and then its process died.
            end = next(line for line in lines if line.kind == "ended")
            self._late.end(batch, run, result_of(end))
        # Not all lines of the run: if it lives, its end may have come since they were read.
        batch.lines += [line.id for line in lines if line.kind not in SINGLE]

    def _recover(
        self, batch: Batch, first: Line | None, lines: Sequence[Line], last_sign: float
    ) -> None:
        if first is None:
            raise LookupError("the start of a run is missing")
        start = start_of(first)
        self._add_run(batch, start, recovered(start, lines, last_sign=last_sign))
        _log.warn("recovered", "a run was left open by a process that died: recorded, not charged")

    def _add_run(self, batch: Batch, start: StartFacts, result: RunFacts) -> None:
        earlier, paid = attempts(batch, start)
        contract = contract_of(batch, start)
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
        records = records_of(start, entries, kind="run", facts=said, now=self._clock())
        if passes_cost_on(contract, start, result["status"], paid=paid) and records[0].cost:
            records[0] = replace(records[0], expense="due")
        if start.get("granularity") == "day" and result["status"] != "recovered":
            # Imported here: few want it. What may yet turn out to have ended stays by itself.
            from .totals.details import collected

            records = collected(records, entries, start, result, contract)
        batch.records += records

    def _add_single(self, batch: Batch, line: Line) -> None:
        start = started_in(line)
        if batch.find(key_of(line)) is None:
            entry = _single_entry(line, start, contract_of(batch, start), tallied=batch.tally)
            said = {**decode(line.body), "at": line.at}
            batch.records += records_of(
                start, [entry], kind=_KINDS[line.kind], facts=said, now=self._clock()
            )
        batch.lines.append(line.id)


_KINDS: dict[str, Kind] = {"outcome": "outcome", "time": "time", "expense": "expense"}


def _single_entry(line: Line, start: StartFacts, contract: Contract, tallied: Tallied) -> Entry:
    if line.kind == "outcome":
        return outcome_entry(start, outcome_of(line), contract, at=line.at, tallied=tallied)
    if line.kind == "time":
        return time_entry(start, time_of(line), contract, at=line.at, tallied=tallied)
    if line.kind == "expense":
        return expense_entry(start, expense_of(line), contract, at=line.at, tallied=tallied)
    raise LookupError(f"a line of the kind {line.kind} makes no record of its own")
