"""Where the sandbox gets the time from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

Clock = Callable[[], datetime]

# With a seed time stands still between writes, so that the same requests get the same answers.
SEEDED_START = datetime(2026, 1, 5, 9, 0, tzinfo=timezone.utc)
SEEDED_STEP = timedelta(seconds=1)


def system_clock() -> datetime:
    """The real time."""
    return datetime.now(timezone.utc)


def seeded_moment(writes: int) -> datetime:
    """The time after so many writes, in a sandbox with a seed."""
    return SEEDED_START + writes * SEEDED_STEP


def to_millisecond(value: datetime) -> datetime:
    """Cut below the millisecond.

    Answers show milliseconds; if a record kept more, `updated_since` with the shown value would
    still be right, but an equal comparison of the two would not.
    """
    utc = value.astimezone(timezone.utc)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
