"""What an outbox does: the contract that SQLite and memory (and what comes later) implement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from .store import Store

if TYPE_CHECKING:
    # Not needed for recording, whose import is kept short.
    from .line import Line
    from .record import Change, Counts, Record


class Outbox(Store, Protocol):
    """Keeps what was recorded until Keito has it.

    Recorders only add lines to the journal. A courier files them as records and moves the records
    from state to state. Every operation may be called from any thread.
    """

    durable: bool
    """Whether what it holds survives the process."""

    remote: bool
    """Whether it is on another machine, which may never answer."""

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

    def ambiguous(self, destination: str) -> list[Record]:
        """List the AMBIGUOUS records."""
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

    def counts(self, destination: str) -> Counts:
        """Count the records of a destination."""
        ...

    def for_child(self) -> Outbox:
        """Return what a forked child uses instead: it must not touch what its parent has open."""
        ...

    def close(self) -> None:
        """Let go of files and locks."""
        ...
