"""What the runs of one tree share: who already has which stretch of time, and which model call."""

from __future__ import annotations

from _thread import RLock
from typing import TYPE_CHECKING

from .intervals import Interval, minus, union, within

if TYPE_CHECKING:
    from .calls import Call
    from .ledger import Ledger


class Tree:
    """A root run and everything started under it.

    Each moment of the tree's time belongs to at most one record, so that nested and parallel runs
    for several clients are never charged more time than has passed.

    Attributes:
        lock: Held to read or change anything of the tree's records.
        open: The records that have no end yet.
        calls: The model calls of all of them, by every key they are known as.
    """

    def __init__(self) -> None:
        # What `threading.RLock` returns, without the function that it is.
        self.lock = RLock()
        self.open: set[Ledger] = set()
        self.calls: dict[str, Call] = {}
        self._pieces: dict[str, int] = {}
        self._claimed: list[Interval] = []

    def piece(self, work: str) -> str:
        """Name a piece of a job: the same in every attempt that starts its runs in this order."""
        with self.lock:
            self._pieces[work] = self._pieces.get(work, 0) + 1
            return f"{work}\n{self._pieces[work]}"

    def enter(self, ledger: Ledger) -> None:
        """Note that a record is open."""
        with self.lock:
            self.open.add(ledger)

    def leave(self, ledger: Ledger, start: int, end: int, pauses: list[Interval]) -> list[Interval]:
        """Give a finished record its time; return what of it belongs to others.

        Whoever finishes first has what nobody had yet. Records below it that are still open keep
        what they have used so far: they were started to work for someone else.
        """
        with self.lock:
            self.open.discard(ledger)
            if not (self.open or self._claimed or pauses):
                self._claimed = [(start, end)]
                return []
            below = [(other.started, end) for other in self.open if other.is_below(ledger)]
            taken = within([*self._claimed, *below], start, end)
            own = minus([(start, end)], [*taken, *pauses])
            self._claimed = union([*self._claimed, *own])
            return taken
