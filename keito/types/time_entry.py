"""Time entries: what was worked, on what, by whom."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

from pydantic import with_config
from typing_extensions import NotRequired, TypedDict

from ._arguments import (
    FORBID_UNKNOWN,
    Clock,
    Day,
    Flag,
    Hours,
    Id,
    Instant,
    MetadataDict,
    PageChoice,
    Sources,
)
from ._model import Model, Moment
from .common import Metadata, Reference, Source


class TimeEntry(Model):
    """Time that a person or an agent spent on a project's task.

    Attributes:
        hours: Decimal hours, 0 to 24; of a running timer, those before its last start.
        started_time: Time of day, `HH:mm`.
        ended_time: Time of day, `HH:mm`.
        is_locked: Whether it can't be changed any more, e.g. because it is approved.
        billable_rate: Price of an hour, in the client's currency; None if there is none.
        cost_rate: What an hour costs the company, in its own currency.
    """

    collection: ClassVar[str] = "time_entries"

    id: str
    user_id: str
    project_id: str
    task_id: str
    user: Reference | None = None
    project: Reference | None = None
    task: Reference | None = None
    spent_date: date | None = None
    hours: Decimal | None = None
    notes: str | None = None
    is_running: bool | None = None
    timer_started_at: Moment | None = None
    started_time: str | None = None
    ended_time: str | None = None
    is_locked: bool | None = None
    is_closed: bool | None = None
    is_billed: bool | None = None
    billable: bool | None = None
    budgeted: bool | None = None
    billable_rate: Decimal | None = None
    cost_rate: Decimal | None = None
    source: Source | str | None = None
    metadata: Metadata | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


@with_config(FORBID_UNKNOWN)
class TimeEntryCreate(TypedDict):
    """The body that creates a time entry; also the arguments of `time_entries.create`."""

    project_id: Id
    task_id: Id
    spent_date: Day
    user_id: NotRequired[Id]
    hours: NotRequired[Hours]
    notes: NotRequired[str]
    billable: NotRequired[Flag]
    is_running: NotRequired[Flag]
    replace_running: NotRequired[Flag]
    started_time: NotRequired[Clock]
    ended_time: NotRequired[Clock]
    source: NotRequired[Source]
    metadata: NotRequired[MetadataDict]


@with_config(FORBID_UNKNOWN)
class TimeEntryUpdate(TypedDict, total=False):
    """The body that changes a time entry; None clears a field."""

    project_id: Id
    task_id: Id
    spent_date: Day
    hours: Hours
    notes: str | None
    billable: Flag
    started_time: Clock | None
    ended_time: Clock | None
    metadata: MetadataDict | None


@with_config(FORBID_UNKNOWN)
class TimeEntryStop(TypedDict, total=False):
    """The body that stops a timer."""

    notes: str | None


@with_config(FORBID_UNKNOWN)
class TimeEntryRestart(TypedDict, total=False):
    """The body that restarts a timer."""

    replace_running: Flag


@with_config(FORBID_UNKNOWN)
class TimeEntryFilter(PageChoice, total=False):
    """Which time entries to list."""

    user_id: Id
    client_id: Id
    project_id: Id
    task_id: Id
    is_billed: Flag
    is_running: Flag
    from_date: Day
    to_date: Day
    updated_since: Instant
    source: Sources
