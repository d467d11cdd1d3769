"""A kind of work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .fields import Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A kind of work; tasks belong to the account, not to a project."""

    id: str
    name: str
    billable_by_default: bool
    default_hourly_rate: Number | None
    is_default: bool
    is_active: bool
    parent_task_id: str | None
    created_at: datetime
    updated_at: datetime
