"""Following records: what has changed in an outbox since it was looked at last."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..billing.outbox.port import Outbox
    from ..billing.outbox.record import Record, State

_OPEN: tuple[State, ...] = (
    "READY",
    "SENDING",
    "AMBIGUOUS",
    "PARKED",
    "UNROUTED",
    "DROPPED",
    "COLLECTED",
    "FOLDED",
)


class Following:
    """Remembers how the records of a destination were, and tells which are otherwise now.

    What is delivered is much, and looked through only when there is more of it than was seen going
    there.
    """

    def __init__(self, outbox: Outbox, destination: str) -> None:
        self._outbox = outbox
        self._destination = destination
        self._open: dict[str, int] = {}
        self._done: set[str] = set()

    def look(self) -> list[Record]:
        """List the records that are new or in another state than before, as they changed."""
        open_now = self._outbox.in_state(self._destination, *_OPEN)
        fences = {record.key: record.fence for record in open_now}
        # A day's total is delivered again each time there is more of it.
        self._done.difference_update(fences)
        changed = [r for r in open_now if self._open.get(r.key) != r.fence]
        gone = [self._outbox.find(key) for key in self._open if key not in fences]
        changed += [record for record in gone if record is not None and self._is_new(record)]
        changed += self._unseen()
        self._open = fences
        return sorted(changed, key=lambda record: (record.since, record.made, record.key))

    def _is_new(self, record: Record) -> bool:
        if record.state != "DONE" or record.key in self._done:
            return False
        self._done.add(record.key)
        return True

    def _unseen(self) -> list[Record]:
        counts = self._outbox.counts(self._destination)
        if counts.states.get("DONE", 0) <= len(self._done):
            return []
        done = self._outbox.in_state(self._destination, "DONE")
        return [record for record in done if self._is_new(record)]
