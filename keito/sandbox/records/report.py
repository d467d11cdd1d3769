"""One row of the team time report."""

from __future__ import annotations

from dataclasses import dataclass

from .fields import Number


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamTimeResult:
    """What one user worked in the period, for clients of one currency."""

    user_id: str
    user_name: str
    is_contractor: bool
    weekly_capacity: int
    avatar_url: str | None
    total_hours: Number
    billable_hours: Number
    currency: str
    billable_amount: Number
