"""What is sent to make and change time entries."""

from __future__ import annotations

from pydantic.json_schema import SkipJsonSchema

from ..records import Metadata, Source
from .fields import Body, Day, Hours, Maybe, TimeOfDay


class TimeEntryCreate(Body):
    """A new time entry, or a timer to start."""

    project_id: str
    task_id: str
    spent_date: Day
    user_id: Maybe[str] = None
    hours: Maybe[Hours] = None
    notes: Maybe[str] = None
    billable: Maybe[bool] = None
    is_running: Maybe[bool] = None
    replace_running: Maybe[bool] = None
    started_time: Maybe[TimeOfDay] = None
    ended_time: Maybe[TimeOfDay] = None
    source: Maybe[Source] = None
    metadata: Metadata | None = None


class TimeEntryUpdate(Body):
    """The fields of a time entry to change; metadata is merged, null clears it."""

    project_id: Maybe[str] = None
    task_id: Maybe[str] = None
    spent_date: Maybe[Day] = None
    hours: Maybe[Hours] = None
    notes: str | None = None
    billable: Maybe[bool] = None
    started_time: TimeOfDay | None = None
    ended_time: TimeOfDay | None = None
    metadata: Metadata | None = None
    # Not described, since it can't be changed; read, so that trying to is an error.
    source: SkipJsonSchema[object] = None


class TimeEntryStop(Body):
    """What to write on the entry while stopping its timer."""

    notes: str | None = None


class TimeEntryRestart(Body):
    """Whether another running timer gives way."""

    replace_running: Maybe[bool] = None
