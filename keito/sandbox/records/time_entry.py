"""A time entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from .fields import IdName, Metadata, Number, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeEntry:
    """Work by one user on one project and task on one day; `is_closed` means approved."""

    id: str
    user_id: str
    project_id: str
    task_id: str
    user: IdName
    project: IdName
    task: IdName
    spent_date: date
    hours: Number
    notes: str | None
    is_running: bool
    timer_started_at: datetime | None
    started_time: str | None
    ended_time: str | None
    is_locked: bool
    is_closed: bool
    is_billed: bool
    billable: bool
    budgeted: bool
    billable_rate: Number | None
    cost_rate: Number | None
    source: Source
    metadata: Metadata | None
    created_at: datetime
    updated_at: datetime
