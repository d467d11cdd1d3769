"""Which day it is, for work that is logged without a date."""

from __future__ import annotations

import os
from datetime import date, datetime, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ._errors import KeitoConfigError


def today(now: datetime | None = None) -> date:
    """Return today's date in the time zone that `KEITO_TIMEZONE` names, or in UTC.

    Raises:
        KeitoConfigError: There is no such time zone.
    """
    moment = now or datetime.now(timezone.utc)
    name = os.environ.get("KEITO_TIMEZONE")
    if not name:
        return moment.date()
    try:
        return moment.astimezone(ZoneInfo(name)).date()
    except (ZoneInfoNotFoundError, ValueError):
        raise KeitoConfigError(f"KEITO_TIMEZONE names no time zone: {name!r}") from None
