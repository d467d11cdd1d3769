"""What comes of a run after its records were made: model calls, or its very end.

A process that is stopped for long, with its machine or by a signal, is taken for dead: its run is
recorded as `recovered`, not charged, and ended where it was last seen. If it then goes on and the
run ends after all, the entries are corrected to how it did end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count, takewhile
from typing import cast

from . import _log
from ._facts import decode
from .batch import Batch
from .contract import Contract
from .correction import AFTER_PARKED, DROPPED_WITH, correction, ending
from .entry import Entry, run_entries
from .keys import run_key
from .outbox.line import Line
from .outbox.record import Record
from .prices import Prices
from .rendered import attempts, contract_of, passes_cost_on, records_of
from .run_facts import BaseFacts, EndFacts, LateResult, RunFacts, late_of


class Late:
    """Makes the corrections of runs that have records.

    Args:
        clock: Seconds since 1970.
        prices: What model calls cost whose provider does not say.
    """

    def __init__(self, *, clock: Callable[[], float], prices: Prices | None) -> None:
        self._clock = clock
        self._prices = prices

    def add(self, batch: Batch, line: Line) -> None:
        """Render what a `late` line says.

        Raises:
            LookupError: Its run is not on record any more.
        """
        base = _base(batch, line.run)
        if base is None and any(x.kind == "finish" for x in batch.outbox.lines(line.run)):
            # Its run could not be filed just now: both wait.
            return
        if base is None:
            raise LookupError("what came late belongs to a run that is not on record any more")
        self._correct(batch, base, late_of(line)["result"])
        batch.lines.append(line.id)

    def end(self, batch: Batch, run: str, result: RunFacts) -> None:
        """Render the end of a run that has records.

        After a crash it is no news; it is if the run was taken for dead.
        """
        base = _base(batch, run)
        if base is not None and _said(base)["result"] != result:
            # What is said later of the same run is numbered from 1.
            self._correct(batch, base, cast("LateResult", {**result, "late": 0}))

    def _correct(self, batch: Batch, base: Record, result: LateResult) -> None:
        said = _said(base)
        earlier = [r for r in batch.of_run(base.run) if _corrects(r, base)]
        known = next((end for r in reversed(earlier) if (end := _end(r))), None)
        contract = contract_of(batch, said["start"])
        if said["result"]["status"] == "recovered" and known is None:
            self._add_end(batch, base, result, contract)
            return
        last = said if known is None else known
        made = correction(
            base,
            earlier,
            {"start": said["start"], "result": result},
            contract,
            prices=self._prices,
            passes_cost_on=passes_cost_on(
                contract, said["start"], last["result"]["status"], paid=last["paid"]
            ),
            now=self._clock(),
        )
        batch.records += [made] if made is not None else []

    def _add_end(self, batch: Batch, base: Record, result: LateResult, contract: Contract) -> None:
        said = _said(base)
        parts, start = _parts(batch, base), said["start"]
        _, paid = attempts(batch, start)
        entries = run_entries(
            start,
            result,
            contract,
            attempt=said["attempt"],
            paid=paid,
            prices=self._prices,
            # What this run has had of the day is had anew.
            tallied=lambda name: batch.tally(name) - _amount(parts, name),
            days=[part.day for part in parts],
        )
        facts: EndFacts = {"start": start, "result": result, "paid": paid}
        passes = passes_cost_on(contract, start, result["status"], paid=paid)
        made = [
            ending(part, number, entry, facts, passes_cost_on=passes, now=self._clock())
            for number, (part, entry) in enumerate(zip(parts, entries, strict=False))
        ]
        batch.records += [*made, *self._more(made[0], entries, facts)[len(parts) :]]
        if passes and base.state != "DROPPED" and base.cost and not base.expense:
            _pass_on(batch, base)
        _log.warn(
            "finished after all",
            "a run whose process was taken for dead has finished after all: its entry, recorded as "
            "recovered, is corrected",
        )

    def _more(self, first: Record, entries: Sequence[Entry], facts: EndFacts) -> list[Record]:
        """Make the records of entries that come after a correction: of days not seen before."""
        said = cast("dict[str, object]", facts)
        made = records_of(facts["start"], entries, kind="run", facts=said, now=self._clock())
        following = [replace(r, facts="", after=first.key, held=first.held) for r in made]
        # Where a person has to decide about the run's entry, it is about the rest, too.
        if first.state == "PARKED":
            return [replace(r, state="PARKED", reason=AFTER_PARKED) for r in following]
        if first.state == "DROPPED":
            return [_dropped(record) for record in following]
        return following


def _corrects(record: Record, base: Record) -> bool:
    # What comes late of a run that is added up is added up as well: it comes after no entry.
    return record.after == base.key or (bool(base.after) and record.kind == "correction")


def _base(batch: Batch, run: str) -> Record | None:
    of_run = batch.of_run(run)
    return next((record for record in of_run if record.kind == "run" and record.facts), None)


def _parts(batch: Batch, base: Record) -> list[Record]:
    """List the records of a run that was split, the first one first."""
    known = {record.key: record for record in batch.of_run(base.run) if record.kind == "run"}
    account = _said(base)["start"]["account"]
    keys = (run_key(account, base.run, number) for number in count())
    return [known[key] for key in takewhile(known.__contains__, keys)]


def _pass_on(batch: Batch, base: Record) -> None:
    if base in batch.records:
        batch.records[batch.records.index(base)] = replace(base, expense="due")
    else:
        batch.expensed[base.key] = "due"


def _dropped(record: Record) -> Record:
    return replace(record, state="DROPPED", reason=DROPPED_WITH, charged=False, amount=0)


def _amount(parts: Sequence[Record], tally: str) -> int:
    return sum(part.amount for part in parts if part.tally == tally)


def _said(base: Record) -> BaseFacts:
    return cast("BaseFacts", decode(base.facts))


def _end(record: Record) -> EndFacts | None:
    facts = decode(record.facts) if record.facts else {}
    return cast("EndFacts", facts) if "paid" in facts else None
