"""Where records are kept, and what they are asked there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Not needed for recording, whose import is kept short.
    from .record import Change, Due, Record, State


class Store(Protocol):
    """Keeps records, and moves them from state to state."""

    def contract(self, id: str) -> str | None:
        """Return a stored contract."""
        ...

    def recorded(self, run: str) -> bool:
        """Whether there already is a record of that run itself."""
        ...

    def attempts(self, work: str, *, destination: str, run: str) -> tuple[int, bool]:
        """How many other runs have this work key, and whether one of them was charged.

        A run whose cost is passed on is charged, too.

        What is UNROUTED is not counted: it becomes an attempt when somebody says whose it is.
        """
        ...

    def find(self, key: str) -> Record | None:
        """Return the record with this key."""
        ...

    def of_run(self, run: str) -> list[Record]:
        """List the records of a run, oldest first."""
        ...

    def of_day(self, destination: str, day: str) -> list[Record]:
        """List the records of a day, in any order."""
        ...

    def tally(self, name: str) -> int:
        """Add up the amounts of the records that count towards this."""
        ...

    def last(self, tally: str) -> Record | None:
        """Return the last one stored of those that count towards this, whatever clocks say."""
        ...

    def costs_due(self, destination: str, *, before: str) -> list[Due]:
        """List the costs of days before that one that are still to be passed on."""
        ...

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
        """Take the oldest READY record, outside these projects, for sending.

        One that comes `after` another waits until that is DONE, and until no older one waits for
        the same.

        It is SENDING, safely on disk, before this returns: whatever happens from here on, nobody
        sends it again without asking Keito.
        """

    def change(self, record: Record, change: Change) -> bool:
        """Move a record on, unless someone else has; whether it was moved."""
        ...

    def replace(self, old: Sequence[Record], new: Sequence[Record]) -> bool:
        """Put records in the place of others, all at once; whether it was done.

        It is not if any of the old ones has moved on since it was read. A new one may have the key
        of an old one; the key of any other record raises.
        """
        ...

    def in_state(self, destination: str, *states: State) -> list[Record]:
        """List the records in any of the states, oldest first, as they are at one moment."""
        ...

    def release(self, destination: str) -> int:
        """Let held records go; how many there were."""
        ...

    def prune(self, *, before: float) -> None:
        """Forget what was delivered before then: each run with all its records, or not yet.

        A cost that is still to be passed on is not forgotten, nor is what a record that waits for
        anything belongs to.
        """
        ...
