"""How many requests a courier makes, so that Keito's own limit is left to everybody else."""

from __future__ import annotations

from collections import deque


class Rate:
    """Allows so many requests in any minute, and so many in any day.

    It knows the requests of one courier only: each courier of an account has its own.

    Args:
        per_minute: How many in a minute; None for any number.
        per_day: How many in a day; None for any number.
    """

    def __init__(self, *, per_minute: int | None, per_day: int | None) -> None:
        given = ((per_minute, 60.0), (per_day, 86_400.0))
        self._windows = [_Window(most, length) for most, length in given if most is not None]

    def wait(self, now: float) -> float:
        """Return in how many seconds the next request may be made; 0 for at once."""
        return max((window.wait(now) for window in self._windows), default=0.0)

    def count(self, now: float) -> None:
        """Note a request."""
        for window in self._windows:
            window.made.append(now)


class _Window:
    """The last requests of a span of time: no more than may be made in it."""

    def __init__(self, most: int, length: float) -> None:
        self._length = length
        self.made: deque[float] = deque(maxlen=most)

    def wait(self, now: float) -> float:
        if len(self.made) < (self.made.maxlen or 0):
            return 0.0
        return max(0.0, self.made[0] + self._length - now)


def forecast(records: int, *, per_minute: int | None, per_day: int | None) -> float | None:
    """Return about how many seconds it takes to send so many records; None without a limit."""
    spans = [(most, length) for most, length in ((per_minute, 60.0), (per_day, 86_400.0)) if most]
    if not spans:
        return None
    return max(max(0, records - 1) // most * length for most, length in spans)
