"""What records wait for, by two clocks: one that can be set, by people or the network, and one not.

What has to wait is measured on the second. It means nothing on another machine or after a restart,
so records keep both (`Record.epoch`): as long as the two are as far apart as they were, a moment
that another process has written down is still good.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from .outbox.record import Change, Record, State

# Two clocks are not read in one moment: less apart than this is the same.
_SAME = 1.0


def _never_set() -> Callable[[], float]:
    if sys.platform == "linux":
        # It runs on while the machine sleeps, which the other does not. Not all that passes for
        # Linux has it.
        with suppress(OSError):
            time.clock_gettime(time.CLOCK_BOOTTIME)
            return partial(time.clock_gettime, time.CLOCK_BOOTTIME)
    return time.monotonic


monotonic = _never_set()
"""Seconds on a clock that is never set, the same for all processes of a machine."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks.

    Attributes:
        wall: Seconds since 1970.
        monotonic: Seconds on a clock that is never set.
    """

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = monotonic

    @property
    def epoch(self) -> float:
        """Where the clock that is never set began, as the wall clock sees it."""
        return self.wall() - self.monotonic()

    def change(
        self,
        state: State,
        *,
        since: float | None = None,
        absent: float | None = None,
        reason: str | None = None,
        remote: str | None = None,
        echo: str | None = None,
    ) -> Change:
        """Return a change that is made now; `since` is when the state began, if that was before."""
        return Change(
            state=state,
            since=self.wall() if since is None else since,
            epoch=self.epoch,
            absent=absent,
            reason=reason,
            remote=remote,
            echo=echo,
        )


Span = Callable[[Record], tuple[float, float]]
"""When what a record waits for began, by the wall clock, and how many seconds it takes."""


@dataclass(slots=True)
class Watch:
    """Tells when records have waited long enough, whatever is done to the wall clock.

    A wait ends so long after this process first saw the record as it is, and sooner only where both
    clocks prove when it began.
    """

    clocks: Clocks
    span: Span
    _seen: dict[tuple[str, int], float] = field(default_factory=dict)

    def look(self, records: Sequence[Record]) -> list[Record]:
        """Note which records there are now.

        Returns:
            Those seen for the first time that have waited for long, if the wall clock can be
            believed, and that nobody can tell of. They are to begin anew: then a process that comes
            after this one can tell, however short each of them lives.
        """
        now, before = self.clocks.monotonic(), self._seen
        self._seen = {_as_it_is(r): before.get(_as_it_is(r), now) for r in records}
        return [r for r in records if _as_it_is(r) not in before and self._seems_over(r)]

    def left(self, record: Record) -> float:
        """Return for how many seconds it still has to wait; 0 or less if for none."""
        begin, length = self.span(record)
        now = self.clocks.monotonic()
        end = self._seen.setdefault(_as_it_is(record), now) + length
        if record.epoch is not None and self._proves(record.epoch):
            end = min(end, begin - record.epoch + length)
        return end - now

    def _proves(self, epoch: float) -> bool:
        return abs(self.clocks.epoch - epoch) < _SAME

    def _seems_over(self, record: Record) -> bool:
        if record.epoch is not None and self._proves(record.epoch):
            return False
        begin, length = self.span(record)
        # Twice as long, so that whoever has watched it meanwhile has had its turn.
        return begin + 2 * length < self.clocks.wall()


def _as_it_is(record: Record) -> tuple[str, int]:
    return record.key, record.fence
