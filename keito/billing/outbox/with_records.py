"""What outboxes have in common: what they are asked of records, they ask where they keep those."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from .store import Store

if TYPE_CHECKING:
    # Not needed for recording, whose import is kept short.
    from .record import Change, Due, Record, State


class WithRecords(ABC):
    """The part of an outbox that is about records."""

    @property
    @abstractmethod
    def _records(self) -> Store:
        """Where they are kept."""

    @abstractmethod
    def alive(self, owner: str, *, now: float) -> bool:
        """See `Outbox`."""

    def contract(self, id: str) -> str | None:
        """See `Store`."""
        return self._records.contract(id)

    def recorded(self, run: str) -> bool:
        """See `Store`."""
        return self._records.recorded(run)

    def attempts(self, work: str, *, destination: str, run: str) -> tuple[int, bool]:
        """See `Store`."""
        return self._records.attempts(work, destination=destination, run=run)

    def find(self, key: str) -> Record | None:
        """See `Store`."""
        return self._records.find(key)

    def of_run(self, run: str) -> list[Record]:
        """See `Store`."""
        return self._records.of_run(run)

    def of_day(self, destination: str, day: str) -> list[Record]:
        """See `Store`."""
        return self._records.of_day(destination, day)

    def tally(self, name: str) -> int:
        """See `Store`."""
        return self._records.tally(name)

    def last(self, tally: str) -> Record | None:
        """See `Store`."""
        return self._records.last(tally)

    def costs_due(self, destination: str, *, before: str) -> list[Due]:
        """See `Store`."""
        return self._records.costs_due(destination, before=before)

    def claim(
        self,
        destination: str,
        *,
        owner: str,
        now: float,
        lease: float,
        without: Collection[str],
        epoch: float | None = None,
    ) -> Record | None:
        """See `Store`."""
        return self._records.claim(
            destination, owner=owner, now=now, lease=lease, without=without, epoch=epoch
        )

    def change(self, record: Record, change: Change) -> bool:
        """See `Store`."""
        return self._records.change(record, change)

    def replace(self, old: Sequence[Record], new: Sequence[Record]) -> bool:
        """See `Store`."""
        return self._records.replace(old, new)

    def in_state(self, destination: str, *states: State) -> list[Record]:
        """See `Store`."""
        return self._records.in_state(destination, *states)

    def ambiguous(self, destination: str) -> list[Record]:
        """See `Outbox`."""
        return self.in_state(destination, "AMBIGUOUS")

    def release(self, destination: str) -> int:
        """See `Store`."""
        return self._records.release(destination)

    def prune(self, *, before: float) -> None:
        """See `Store`."""
        self._records.prune(before=before)

    def take_over(self, over: Sequence[tuple[Record, Change]], *, owner: str, now: float) -> int:
        """See `Outbox`."""
        lost = [(r, c) for r, c in over if r.owner == owner or not self.alive(r.owner, now=now)]
        return sum(self.change(record, change) for record, change in lost)
