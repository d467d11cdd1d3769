"""Filing: what the journal holds becomes records, stored before any is sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ._guard import refused, report
from .batch import Batch
from .outbox.line import ARRIVING, Line
from .outbox.port import Outbox
from .prices import Prices
from .rendering import Rendering

AT_ONCE = 200


class Filing:
    """Files arrivals and what dead processes left. One courier at a time does it."""

    def __init__(
        self, outbox: Outbox, *, clock: Callable[[], float], prices: Prices | None = None
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._rendering = Rendering(clock=clock, prices=prices)
        self._unreadable: set[int] = set()

    def arrivals(self) -> bool:
        """File what has finished; whether there was anything."""
        with self._outbox.filing_turn() as mine:
            lines = self._outbox.arrivals(limit=AT_ONCE + len(self._unreadable)) if mine else []
            starts = {line.run: line for line in lines if line.kind == "start"}
            new = [x for x in lines if x.kind in ARRIVING and x.id not in self._unreadable]
            batch = Batch(self._outbox)
            for line in new:
                self._tried(line, partial(self._rendering.add, batch, line, starts.get(line.run)))
            batch.file()
        return bool(new)

    def orphans(self) -> None:
        """File the runs that dead processes left open."""
        with self._outbox.filing_turn() as mine:
            batch = Batch(self._outbox)
            for lines in self._outbox.orphans(now=self._clock()) if mine else []:
                sign = self._outbox.last_sign(lines[0].owner)
                recover = partial(self._rendering.recover, batch, lines, last_sign=sign)
                self._tried(lines[0], recover)
            batch.file()

    def _tried(self, line: Line, work: Callable[[], None]) -> None:
        error = refused(work) if line.id not in self._unreadable else None
        if error is not None:
            self._unreadable.add(line.id)
            report("rendering a record", error)
