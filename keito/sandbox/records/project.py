"""Projects, and who may record work on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from .fields import IdName, Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What work is done on; `bill_by` (Project, Tasks, People, none) says whose rate counts."""

    id: str
    client: IdName
    name: str
    code: str | None
    is_active: bool
    is_billable: bool
    is_fixed_fee: bool
    bill_by: str
    hourly_rate: Number | None
    fee: Number | None
    budget_by: str
    budget: Number | None
    budget_is_monthly: bool
    notify_when_over_budget: bool
    over_budget_notification_percentage: Number | None
    show_budget_to_all: bool
    cost_budget: Number | None
    cost_budget_include_expenses: bool
    starts_on: date | None
    ends_on: date | None
    notes: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Allows a user to record work on a project; its id is `{project_id}:{user_id}`."""

    id: str
    project_id: str
    user_id: str
    created_at: datetime
    updated_at: datetime
