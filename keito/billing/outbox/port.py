"""What an outbox does: the contract that SQLite and memory (and what comes later) implement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Not needed for recording, whose import is kept short.
    from .line import Line
    from .record import Change, Counts, Due, Record, State


class Outbox(Protocol):
    """Keeps what was recorded until Keito has it.

    Recorders only add lines to the journal. A courier files them as records and moves the records
    from state to state. Every operation may be called from any thread.
    """

    durable: bool
    """Whether what it holds survives the process."""

    def join(self, owner: str, *, until: float) -> None:
        """Show that this recorder lives, until that time at least and as long as its process."""
        ...

    def alive(self, owner: str, *, now: float) -> bool:
        """Whether that recorder, perhaps in another process, may still be working."""
        ...

    def leave(self, owner: str) -> None:
        """Show that this recorder is gone and left nothing open."""
        ...

    def append(self, line: Line, *, wait: float | None = None) -> None:
        """Add a line to the journal, within so many seconds or as long as it takes."""
        ...

    def arrivals(self, *, limit: int) -> list[Line]:
        """List outcomes and finished runs, oldest first, each with its start and the contracts."""
        ...

    def orphans(self, *, now: float) -> list[list[Line]]:
        """List the lines of each unfinished run whose recorder is not alive.

        The start may be missing where the run has been filed as an orphan before.
        """
        ...

    def lines(self, run: str) -> list[Line]:
        """List all lines of a run, oldest first."""
        ...

    def last_sign(self, owner: str) -> float:
        """When that recorder last showed that it lives; 0 when it never did."""
        ...

    def filing_turn(self) -> AbstractContextManager[bool]:
        """Take the turn to file, for the time of a block; False when another courier has it."""
        ...

    def file(
        self,
        records: Sequence[Record],
        *,
        contracts: Mapping[str, str],
        lines: Sequence[int],
        runs: Collection[str],
        expensed: Mapping[str, str] | None = None,
    ) -> None:
        """Store records, unless their key is known, and only then drop what they were made from.

        Args:
            records: The records, as rendered.
            contracts: New contracts by their id.
            lines: Single lines of the journal to drop.
            runs: Runs whose lines to drop, except `SINGLE` ones: each of those is a record of its
                own, and may have come since the run was read.
            expensed: Records whose cost is passed on now, with the key of the record that does.
        """

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

    def take_over(self, over: Sequence[tuple[Record, Change]], *, owner: str, now: float) -> int:
        """Move on those of these records whose courier is gone, or is the owner itself.

        Args:
            over: Records whose claim is over, each with what becomes of it.
            owner: Who takes over.
            now: Seconds since 1970.

        Returns:
            How many were moved on.
        """
        ...

    def in_state(self, destination: str, state: State) -> list[Record]:
        """List the records in a state, oldest first."""
        ...

    def ambiguous(self, destination: str) -> list[Record]:
        """List the AMBIGUOUS records."""
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

    def counts(self, destination: str) -> Counts:
        """Count the records of a destination."""
        ...

    def for_child(self) -> Outbox:
        """Return what a forked child uses instead: it must not touch what its parent has open."""
        ...

    def close(self) -> None:
        """Let go of files and locks."""
        ...
