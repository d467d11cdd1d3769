"""Filing: what the journal holds becomes records, stored before any is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ._guard import refused
from .batch import Batch
from .outbox.line import ARRIVING, SINGLE, Line
from .outbox.port import Outbox
from .prices import Prices
from .rendering import Rendering
from .unreadable import lasting, unreadable

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class _Task:
    """Lines that are rendered together, the one that says so last."""

    lines: Sequence[Line]
    render: Callable[[Batch], None]


class Filing:
    """Files arrivals and what dead processes left. One courier at a time does it.

    Args:
        outbox: Where it does so.
        clock: Seconds since 1970.
        prices: What model calls cost whose provider does not say.
        destination: Whose lines are that don't say so themselves, because they can't be read.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        clock: Callable[[], float],
        prices: Prices | None = None,
        destination: str = "",
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._destination = destination
        self._rendering = Rendering(clock=clock, prices=prices)

    def arrivals(self) -> bool:
        """File what has finished; whether there was anything."""
        with self._outbox.filing_turn() as mine:
            lines = self._outbox.arrivals(limit=AT_ONCE) if mine else []
            starts = {line.run: line for line in lines if line.kind == "start"}
            tasks = [
                _Task([line], partial(self._rendering.add, line=line, start=starts.get(line.run)))
                for line in lines
                if line.kind in ARRIVING
            ]
            self._file(tasks)
        return bool(tasks)

    def orphans(self) -> None:
        """File the runs that dead processes left open."""
        with self._outbox.filing_turn() as mine:
            tasks = []
            for lines in self._outbox.orphans(now=self._clock()) if mine else []:
                sign = self._outbox.last_sign(lines[0].owner)
                tasks.append(
                    _Task(lines, partial(self._rendering.recover, lines=lines, last_sign=sign))
                )
            self._file(tasks)

    def _file(self, tasks: Sequence[_Task]) -> None:
        batch = Batch(self._outbox)
        errors = [refused(partial(task.render, batch)) for task in tasks]
        error = refused(batch.file)
        if error is not None:
            self._file_singly(tasks, error)
            return
        for task, failed in zip(tasks, errors, strict=True):
            if failed is not None and lasting(failed):
                self._park(task, failed)
        passing = [error for error in errors if error is not None and not lasting(error)]
        if passing:
            raise passing[0]

    def _file_singly(self, tasks: Sequence[_Task], error: Exception) -> None:
        """File what could not be stored as a whole: one value no column takes holds up no other."""
        if not lasting(error):
            raise error
        if len(tasks) == 1:
            self._park(tasks[0], error)
            return
        for task in tasks:
            self._file([task])

    def _park(self, task: _Task, error: Exception) -> None:
        lines = self._all_lines(task)
        record = unreadable(lines, error, destination=self._destination, now=self._clock())
        self._outbox.file([record], contracts={}, lines=[line.id for line in lines], runs=())

    def _all_lines(self, task: _Task) -> list[Line]:
        """Return all that has to be put back for another try."""
        last = task.lines[-1]
        if len(task.lines) > 1 or last.kind != "finish":
            return list(task.lines)
        return [line for line in self._outbox.lines(last.run) if line.kind not in SINGLE]
