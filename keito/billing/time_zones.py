"""Time zones by name: which there are, and whose midnight ends a day if nobody says."""

from __future__ import annotations

import os

from . import _log


def usual_zone() -> str:
    """Return what `KEITO_TIMEZONE` names, else UTC."""
    name = os.environ.get("KEITO_TIMEZONE", "").strip() or "UTC"
    if is_zone(name):
        return name
    # Whoever set it is not there to catch an error, which would reach the agent instead.
    _log.warn("time zone", "KEITO_TIMEZONE names no time zone: days end at midnight in UTC")
    return "UTC"


def is_zone(name: str) -> bool:
    """Whether there is a time zone of that name here."""
    if name == "UTC":
        return True
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
