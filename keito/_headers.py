"""What an answer's headers say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Read `Retry-After`: seconds from now, given as a number or as a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    moment = _date(value)
    if moment is None:
        return None
    # By the clock of whoever answered: this machine's may have been set wrong.
    now = now or _date(headers.get("date", "")) or datetime.now(timezone.utc)
    return max(0.0, (moment - now).total_seconds())


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
