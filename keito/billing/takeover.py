"""Takeover: what a courier was sending that is gone, others settle."""

from __future__ import annotations

from .outbox.port import Outbox
from .outbox.record import Change, Record
from .waits import Clocks, Watch


class Takeover:
    """Makes AMBIGUOUS what is SENDING longer than its courier has claimed it for.

    Args:
        outbox: Where the records are.
        destination: Whose records; see `Destination.id`.
        owner: The courier that takes over, also from itself.
        clocks: What tells when a claim is over.
    """

    def __init__(self, outbox: Outbox, destination: str, *, owner: str, clocks: Clocks) -> None:
        self._outbox = outbox
        self._destination = destination
        self._owner = owner
        self._clocks = clocks
        self._watch = Watch(clocks, _claim)

    def step(self) -> int:
        """Take over what there is; how many records that were."""
        sending = self._outbox.in_state(self._destination, "SENDING")
        untold = self._watch.look(sending)
        over = [(r, self._change(r)) for r in sending if r in untold or self._watch.left(r) < 0]
        return self._outbox.take_over(over, owner=self._owner, now=self._clocks.wall())

    def _change(self, record: Record) -> Change:
        # The settle time counts from when the claim ended, or from now if nobody can tell.
        over = max(0.0, -self._watch.left(record))
        return self._clocks.change("AMBIGUOUS", since=self._clocks.wall() - over)


def _claim(record: Record) -> tuple[float, float]:
    return record.since, record.lease - record.since
