"""Running timers: at most one per user."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from .problems import conflict, invalid
from .records import TimeEntry, User
from .store import Store

MAX_HOURS = Decimal(24)
_SECONDS_PER_HOUR = 3600
_STEP = Decimal("0.0001")


def running(store: Store, user_id: str) -> TimeEntry | None:
    """The user's running timer."""
    return next((e for e in store.time_entries if e.is_running and e.user_id == user_id), None)


def make_room(store: Store, user: User, at: datetime, *, replace_running: bool) -> list[TimeEntry]:
    """Stop the user's running timer, so that another can run.

    Returns:
        The stopped entry, to be committed together with what takes its place.

    Raises:
        Problem: 409, when a timer runs and is not to be replaced.
    """
    other = running(store, user.id)
    if other is None:
        return []
    if not replace_running:
        raise conflict(f"another timer is already running: {other.id}")
    return [stopped(other, at)]


def started(entry: TimeEntry, at: datetime) -> TimeEntry:
    """The entry with its timer running."""
    return replace(
        entry,
        is_running=True,
        timer_started_at=at,
        started_time=entry.started_time or f"{at:%H:%M}",
        ended_time=None,
        updated_at=at,
    )


def stopped(entry: TimeEntry, at: datetime) -> TimeEntry:
    """The entry with the elapsed time added; an entry holds at most 24 hours."""
    if entry.timer_started_at is None:
        raise invalid(f"time entry {entry.id} is not running")
    return replace(
        entry,
        hours=min(MAX_HOURS, entry.hours + _elapsed_hours(entry.timer_started_at, at)),
        is_running=False,
        timer_started_at=None,
        ended_time=f"{at:%H:%M}",
        updated_at=at,
    )


def _elapsed_hours(start: datetime, end: datetime) -> Decimal:
    elapsed = max(end - start, end - end)
    seconds = Decimal(elapsed.days * 86_400 + elapsed.seconds) + Decimal(
        elapsed.microseconds
    ) / Decimal(1_000_000)
    return (seconds / _SECONDS_PER_HOUR).quantize(_STEP, rounding=ROUND_HALF_EVEN)
