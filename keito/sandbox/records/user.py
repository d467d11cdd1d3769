"""A person, or an agent with a key of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .fields import IdName, Number, UserType


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who does the work; `roles` holds admin, manager, member or agent."""

    id: str
    first_name: str | None
    last_name: str | None
    email: str
    telephone: str | None
    timezone: str
    has_access_to_all_future_projects: bool
    is_contractor: bool
    is_active: bool
    weekly_capacity: int
    default_hourly_rate: Number | None
    cost_rate: Number | None
    currency: str
    roles: list[str]
    user_type: UserType
    avatar_url: str | None
    company: IdName
    created_at: datetime
    updated_at: datetime

    @property
    def name(self) -> str:
        """First and last name, as other records show it."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)
