"""Reports over time entries."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from pydantic import with_config
from typing_extensions import Required

from ._arguments import FORBID_UNKNOWN, CompactDay, PageChoice
from ._model import Model


class TeamTimeResult(Model):
    """One user's line in the team time report.

    Attributes:
        weekly_capacity: Seconds a week.
        total_hours: Decimal hours.
        billable_hours: Those to charge.
        billable_amount: What they earn, in `currency`.
    """

    collection: ClassVar[str] = "results"

    user_id: str
    user_name: str | None = None
    is_contractor: bool | None = None
    weekly_capacity: int | None = None
    avatar_url: str | None = None
    total_hours: Decimal | None = None
    billable_hours: Decimal | None = None
    currency: str | None = None
    billable_amount: Decimal | None = None


@with_config(FORBID_UNKNOWN)
class TeamTimeFilter(PageChoice, total=False):
    """Which days the team time report covers: 365 at most."""

    from_date: Required[CompactDay]
    to_date: Required[CompactDay]
