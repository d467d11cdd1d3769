"""Users: people and agents."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from ._model import Model, Moment
from .common import IdName

UserType = Literal["human", "agent"]


class User(Model):
    """A person or an agent that works in an account.

    Attributes:
        weekly_capacity: Seconds a week.
        default_hourly_rate: Price of an hour where a project has none of its own.
        cost_rate: What an hour costs the company.
    """

    id: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    telephone: str | None = None
    timezone: str | None = None
    has_access_to_all_future_projects: bool | None = None
    is_contractor: bool | None = None
    is_active: bool | None = None
    weekly_capacity: int | None = None
    default_hourly_rate: Decimal | None = None
    cost_rate: Decimal | None = None
    currency: str | None = None
    roles: list[str] | None = None
    user_type: UserType | str | None = None
    avatar_url: str | None = None
    company: IdName | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
