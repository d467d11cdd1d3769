"""What an outbox does: the contract that SQLite and memory (and what comes later) implement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

Kind = Literal["contract", "start", "call", "outcome", "ended", "finish"]
"""What a line of the journal says.

contract: what is charged; its `run` is the contract's id.
start: a run began; its body says whose it is.
call: a model call ended.
outcome: an outcome was logged.
ended: a run ended with calls still open, which may yet report.
finish: a run is complete; its body says what came of it.
"""

State = Literal["READY", "SENDING", "AMBIGUOUS", "DONE", "PARKED", "UNROUTED"]
"""Where a record stands.

READY: to be sent.
SENDING: a courier is sending it, or died while it did.
AMBIGUOUS: sent, and nobody knows whether it arrived; Keito is asked before anything else.
DONE: in Keito.
PARKED: Keito refused it; a person has to look.
UNROUTED: nobody said whose work it was; kept until someone does.
"""

STATES: tuple[State, ...] = ("READY", "SENDING", "AMBIGUOUS", "DONE", "PARKED", "UNROUTED")


class Line(NamedTuple):
    """One line of the journal, which is only ever added to.

    Attributes:
        at: When, in microseconds since 1970.
        owner: The recorder, in one process, that wrote it.
        id: Its place in the journal; 0 until it is there.
    """

    run: str
    kind: Kind
    at: int
    owner: str
    body: str
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Something to be delivered: one body for one time entry.

    Attributes:
        key: The `keito_key` it carries in Keito, and here: a second record with it is ignored.
        run: The run it belongs to.
        destination: Whose it is; see `Destination.id`.
        project: The project and
        day: the date under which a listing shows it.
        work: The target's work key, if it has one.
        charged: Whether the client pays for it.
        payload: The body, rendered once, as JSON; for an unrouted record the facts to render.
        held: Kept until it is released (`KEITO_MODE=record`).
        fence: Grows with every change, so that a courier that was overtaken changes nothing.
        owner: The courier that is sending it.
        made: When it was made, in seconds since 1970.
        since: When its state began, in seconds since 1970; for AMBIGUOUS, when sending ended.
        lease: When the sending courier's claim ends.
        absent: When Keito was first seen without it.
        attempts: How often it was sent.
        reason: Why it is parked, or what Keito changed about it.
        remote: Its id in Keito.
    """

    key: str
    run: str
    kind: str
    destination: str
    state: State
    payload: str
    project: str = ""
    day: str = ""
    work: str = ""
    charged: bool = False
    held: bool = False
    fence: int = 0
    owner: str = ""
    made: float = 0.0
    since: float = 0.0
    lease: float = 0.0
    absent: float | None = None
    attempts: int = 0
    reason: str = ""
    remote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of a record; what is None stays."""

    state: State
    since: float
    reason: str | None = None
    remote: str | None = None
    absent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many records stand where.

    Attributes:
        states: How many there are in each state.
        held: How many of the READY ones wait to be released.
        journal: How many finished runs and outcomes are not records yet.
        oldest: When the oldest record that is still to be sent was made.
    """

    states: Mapping[State, int]
    held: int
    journal: int
    oldest: float | None


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

    def append(self, lines: Sequence[Line], *, wait: float | None = None) -> None:
        """Add lines to the journal, all or none, within so many seconds."""
        ...

    def arrivals(self, *, limit: int) -> list[Line]:
        """List outcomes and finished runs, oldest first, each with its start and the contracts."""
        ...

    def orphans(self, *, now: float) -> list[list[Line]]:
        """List the lines of each unfinished run whose recorder is not alive."""
        ...

    def last_sign(self, owner: str) -> float:
        """When that recorder last showed that it lives; 0 when it never did."""
        ...

    def file(
        self,
        records: Sequence[Record],
        *,
        contracts: Mapping[str, str],
        lines: Sequence[int],
        runs: Collection[str],
    ) -> None:
        """Store records, unless their key is known, and only then drop what they were made from.

        Args:
            records: The records, as rendered.
            contracts: New contracts by their id.
            lines: Single lines of the journal to drop.
            runs: Runs whose lines to drop.
        """

    def contract(self, id: str) -> str | None:
        """Return a stored contract."""
        ...

    def recorded(self, run: str) -> bool:
        """Whether there already is a record of that run itself."""
        ...

    def attempts(self, work: str, *, destination: str, run: str) -> tuple[int, bool]:
        """How many other runs have this work key, and whether one of them was charged."""
        ...

    def claim(
        self, destination: str, *, owner: str, now: float, lease: float, without: Collection[str]
    ) -> Record | None:
        """Take the oldest READY record, outside these projects, for sending.

        It is SENDING, safely on disk, before this returns: whatever happens from here on, nobody
        sends it again without asking Keito.
        """

    def change(self, record: Record, change: Change) -> bool:
        """Move a record on, unless someone else has; whether it was moved."""
        ...

    def take_over(self, destination: str, *, owner: str, now: float) -> int:
        """Make AMBIGUOUS what a courier that is gone was sending; how many there were."""
        ...

    def ambiguous(self, destination: str) -> list[Record]:
        """List the AMBIGUOUS records."""
        ...

    def release(self, destination: str) -> int:
        """Let held records go; how many there were."""
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
