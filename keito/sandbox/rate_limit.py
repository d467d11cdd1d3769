"""How many requests a key may make."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from .problems import Problem

MINUTE = 60.0
DAY = 86_400.0


@dataclass(slots=True)
class _Window:
    """A count that starts again when its time is over."""

    ends: float
    count: int = 0


class RateLimit:
    """Counts the requests of each key, by minute and by day. None is no limit."""

    def __init__(
        self,
        *,
        per_minute: int | None = None,
        per_day: int | None = None,
        time: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = [(MINUTE, per_minute), (DAY, per_day)]
        self._time = time
        self._windows: dict[tuple[str, float], _Window] = {}

    def renewed(self) -> RateLimit:
        """The same limits, with nothing counted yet."""
        (_, per_minute), (_, per_day) = self._limits
        return RateLimit(per_minute=per_minute, per_day=per_day, time=self._time)

    def count(self, key: str) -> None:
        """Count one request.

        Raises:
            Problem: 429 with `Retry-After`; the refused request is not counted.
        """
        now = self._time()
        windows = [
            (self._window(key, seconds, now), limit)
            for seconds, limit in self._limits
            if limit is not None
        ]
        full = [window.ends - now for window, limit in windows if window.count >= limit]
        if full:
            raise _too_many(max(full))
        for window, _ in windows:
            window.count += 1

    def _window(self, key: str, seconds: float, now: float) -> _Window:
        window = self._windows.get((key, seconds))
        if window is None or window.ends <= now:
            window = self._windows[key, seconds] = _Window(now + seconds)
        return window


def _too_many(seconds: float) -> Problem:
    wait = max(1, math.ceil(seconds))
    return Problem(
        429,
        f"too many requests: try again in {wait} seconds",
        headers={"Retry-After": str(wait)},
    )
