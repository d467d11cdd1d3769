"""Folding: details become part of totals, each of one, in one transaction with what that says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..outbox.port import Outbox
from ..outbox.record import Change, Record
from ..usage import EXACT
from .details import sums_of
from .total import MOST, facts_of, hours_of, is_frozen, new_total, with_more

# So many at once keep a transaction short.
AT_ONCE = 500


class Folding:
    """Adds details up.

    Args:
        outbox: Where they are.
        destination: Whose details; see `Destination.id`.
        wait: How many seconds a detail waits for others, so that a total changes no more often.
        clock: Seconds since 1970.
    """

    def __init__(
        self, outbox: Outbox, destination: str, *, wait: float, clock: Callable[[], float]
    ) -> None:
        self._outbox = outbox
        self._destination = destination
        self._wait = wait
        self._clock = clock

    def step(self, *, hurry: bool) -> None:
        """Fold what has waited long enough, or all of it in a hurry; one courier at a time does."""
        with self._outbox.filing_turn() as mine:
            if not mine:
                return
            self._confirm()
            for name, details in self._waiting().items():
                # One that was made in the future is from before the clock was set back.
                if hurry or not 0 <= self._clock() - details[0].made < self._wait:
                    self._fold(name, details)

    def _waiting(self) -> dict[str, list[Record]]:
        """List the details that may go, by group, oldest first."""
        found: dict[str, list[Record]] = {}
        for detail in self._outbox.in_state(self._destination, "COLLECTED"):
            if not detail.held and not self._dropped(detail):
                found.setdefault(detail.after, []).append(detail)
        return found

    def _dropped(self, detail: Record) -> bool:
        """Drop what came late of a run that somebody has dropped since."""
        if detail.kind != "correction":
            return False
        of_run = self._outbox.of_run(detail.run)
        base = next((record for record in of_run if record.kind == "run" and record.facts), None)
        if base is None or base.state != "DROPPED":
            return False
        self._outbox.change(
            detail,
            Change(state="DROPPED", since=self._clock(), reason="dropped with its entry"),
        )
        return True

    def _confirm(self) -> None:
        """Note that Keito has the details of the totals that it has."""
        for key, details in self._folded().items():
            total = self._outbox.find(key)
            if total is not None and total.state == "DONE":
                confirmed = replace(total, fence=total.fence + 1)
                self._outbox.replace([total, *details], [confirmed, *self._known(total, details)])

    def _folded(self) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for detail in self._outbox.in_state(self._destination, "FOLDED"):
            found.setdefault(detail.after, []).append(detail)
        return found

    def _known(self, total: Record, details: Sequence[Record]) -> list[Record]:
        now = self._clock()
        return [
            replace(x, state="DONE", fence=x.fence + 1, since=now, remote=total.remote)
            for x in details
        ]

    def _fold(self, name: str, details: Sequence[Record]) -> None:
        totals = sorted(self._outbox.of_run(name), key=_shard)
        last = totals[-1] if totals else None
        if last is not None and last.state in ("SENDING", "AMBIGUOUS"):
            # What it says now is what Keito is asked about, and must not change meanwhile.
            return
        shard = 0 if last is None else _shard(last)
        while details:
            taken = _fitting(last, details[:AT_ONCE])
            if taken and last is not None:
                made = with_more(last, taken, now=self._clock())
            else:
                shard += 1
                last, taken = None, _fitting(None, details[:AT_ONCE])
                made = new_total(taken, shard=shard, now=self._clock())
            if not self._store(last, made, taken):
                return
            last, details = made, details[len(taken) :]

    def _store(self, last: Record | None, made: Record, taken: Sequence[Record]) -> bool:
        old, new = [*taken], [made]
        new += [replace(x, state="FOLDED", fence=x.fence + 1, after=made.key) for x in taken]
        if last is not None:
            old.append(last)
            # Confirmed and changed at once: which details Keito has must not get lost.
            known = self._folded().get(last.key, []) if last.state == "DONE" else []
            old += known
            new += self._known(last, known)
        return self._outbox.replace(old, new)


def _shard(total: Record) -> int:
    return facts_of(total)["shard"]


def _fitting(total: Record | None, details: Sequence[Record]) -> list[Record]:
    """Return as many of these as a total has room for; none if it takes no more at all."""
    if total is not None and is_frozen(total):
        return []
    hours = hours_of(facts_of(total)["sums"]) if total is not None else hours_of({})
    taken: list[Record] = []
    for detail in details:
        hours = EXACT.add(hours, hours_of(sums_of(detail)))
        if hours > MOST:
            break
        taken.append(detail)
    return taken
