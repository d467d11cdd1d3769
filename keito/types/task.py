"""Tasks: kinds of work, the same for all projects."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from pydantic import with_config

from ._arguments import FORBID_UNKNOWN, Flag, Instant, PageChoice
from ._model import Model, Moment


class Task(Model):
    """A kind of work.

    Attributes:
        default_hourly_rate: Price of an hour where a project has none of its own.
    """

    collection: ClassVar[str] = "tasks"

    id: str
    name: str | None = None
    billable_by_default: bool | None = None
    default_hourly_rate: Decimal | None = None
    is_default: bool | None = None
    is_active: bool | None = None
    parent_task_id: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


@with_config(FORBID_UNKNOWN)
class TaskFilter(PageChoice, total=False):
    """Which tasks to list."""

    is_active: Flag
    updated_since: Instant
