"""What is to be delivered, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

State = Literal[
    "READY",
    "SENDING",
    "AMBIGUOUS",
    "DONE",
    "PARKED",
    "UNROUTED",
    "DROPPED",
    "COLLECTED",
    "FOLDED",
]
"""Where a record stands.

READY: to be sent.
SENDING: a courier is sending it, or died while it did.
AMBIGUOUS: sent, and nobody knows whether it arrived; Keito is asked before anything else.
DONE: in Keito.
PARKED: Keito refused it; a person has to look.
UNROUTED: nobody said whose work it was; kept until someone does.
DROPPED: a person decided that it is not to be sent; its reason says why.
COLLECTED: to be added to the total of its day, which is sent in its place.
FOLDED: in a total that Keito does not have yet.
"""

UNDELIVERED: tuple[State, ...] = ("READY", "SENDING", "AMBIGUOUS", "COLLECTED")
"""What is still to be sent; what is `FOLDED` is so with its total."""

Kind = Literal[
    "run", "outcome", "time", "expense", "cost", "correction", "total", "unreadable", "sweep"
]
"""What a record is.

run: a run's time entry, or one part of it.
outcome: a time entry without hours, for what was achieved.
time: a time entry for time that was told, not measured.
expense: an expense.
cost: the expense for what a day's model calls cost.
correction: a change of an entry that is in Keito already.
total: the time entry for all runs of a day; it changes as they come.
unreadable: lines of the journal that could not be rendered; kept for a person to look at.
sweep: what a comparison of a day with Keito found; never sent.
"""

STATES: tuple[State, ...] = (
    "READY",
    "SENDING",
    "AMBIGUOUS",
    "DONE",
    "PARKED",
    "UNROUTED",
    "DROPPED",
    "COLLECTED",
    "FOLDED",
)

ATTEMPTS: tuple[Kind, ...] = ("run", "correction")
"""Kinds that may say of a job that it was charged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Something to be delivered: one body for one request.

    Attributes:
        key: The `keito_key` it carries in Keito, and here: a second record with it is ignored.
        run: The run it belongs to.
        kind: What it is.
        destination: Whose it is; see `Destination.id`.
        project: The project and
        day: the date under which a listing shows it.
        work: The target's work key, if it has one.
        charged: Whether the client pays for it.
        cost: What its model calls cost, as JSON, whether or not Keito is told.
        contract: The id of the contract it was rendered by.
        payload: The body, rendered once, as JSON; empty while it is unrouted.
        facts: What it was rendered from, as JSON.
        after: The key of the record that has to be in Keito before this one is sent; of a run that
            is added up, its total, or while it is COLLECTED the name of what it is added up with.
        tally: What it counts towards, e.g. the outcomes of a day.
        amount: How much it adds to that.
        expense: `due` if its cost is still to be passed on, then the key of the record that did.
        echo: What Keito stored of it, as JSON.
        held: Kept until it is released (`KEITO_MODE=record`).
        fence: Grows with every change, so that a courier that was overtaken changes nothing.
        owner: The courier that is sending it.
        made: When it was made, in seconds since 1970.
        since: When its state began, in seconds since 1970; for AMBIGUOUS, when sending ended.
        lease: When the sending courier's claim ends.
        epoch: How far the wall clock of whoever began this state was ahead of one that is never
            set: where it still is, these times are good (see `waits`). None if nobody said so.
        absent: When Keito was first seen without it.
        attempts: How often it was sent.
        reason: Why it is parked, or what Keito changed about it.
        remote: Its id in Keito.
    """

    key: str
    run: str
    kind: Kind
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
    cost: str = ""
    facts: str = ""
    after: str = ""
    tally: str = ""
    amount: int = 0
    expense: str = ""
    echo: str = ""
    contract: str = ""
    epoch: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of a record; what is None stays, but for the epoch, which belongs to `since`."""

    state: State
    since: float
    epoch: float | None = None
    reason: str | None = None
    remote: str | None = None
    absent: float | None = None
    echo: str | None = None


class Due(NamedTuple):
    """The cost of a record, which is still to be passed on; see `Record` for its fields."""

    key: str
    project: str
    day: str
    held: bool
    contract: str
    cost: str


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
