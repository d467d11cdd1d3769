"""The two clocks of a record: one that measures, and one that tells the time of day."""

from __future__ import annotations

import time


def now() -> int:
    """Microseconds on a clock that is never set back."""
    return time.monotonic_ns() // 1000


def wall_clock() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000
