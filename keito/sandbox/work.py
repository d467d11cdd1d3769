"""Time entries as they are made and changed: whose, on what, at which rate, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from . import metadata, permissions
from .bodies import TimeEntryCreate, TimeEntryUpdate
from .problems import broken_rule, forbidden, not_found
from .rates import billable_rate, is_billable
from .records import IdName, TimeEntry, User
from .store import Store


def new_entry(store: Store, user: User, body: TimeEntryCreate, at: datetime) -> TimeEntry:
    """A time entry as it is asked for, without a timer; not stored yet."""
    project = permissions.project_for(store, user, body.project_id, body.spent_date)
    task = permissions.task_for(store, body.task_id)
    billable = is_billable(project, task, body.billable)
    return TimeEntry(
        id=store.new_id("ent"),
        user_id=user.id,
        project_id=project.id,
        task_id=task.id,
        user=IdName(id=user.id, name=user.name),
        project=IdName(id=project.id, name=project.name),
        task=IdName(id=task.id, name=task.name),
        spent_date=body.spent_date,
        hours=_hours(body),
        notes=body.notes,
        is_running=False,
        timer_started_at=None,
        started_time=body.started_time,
        ended_time=body.ended_time,
        is_locked=False,
        is_closed=False,
        is_billed=False,
        billable=billable,
        budgeted=project.budget is not None,
        billable_rate=billable_rate(project, task, user, billable=billable),
        cost_rate=user.cost_rate,
        source=body.source or "api",
        metadata=metadata.checked(body.metadata),
        created_at=at,
        updated_at=at,
    )


def _hours(body: TimeEntryCreate) -> Decimal:
    if body.hours is not None:
        return body.hours
    if not (body.started_time and body.ended_time):
        return Decimal(0)
    minutes = _minutes(body.ended_time) - _minutes(body.started_time)
    if minutes < 0:
        raise broken_rule("ended_time is before started_time", field="ended_time")
    return (Decimal(minutes) / 60).quantize(Decimal("0.0001"))


def _minutes(time_of_day: str) -> int:
    hours, _, minutes = time_of_day.partition(":")
    return int(hours) * 60 + int(minutes)


def rerouted(
    store: Store, entry: TimeEntry, changed: TimeEntry, body: TimeEntryUpdate
) -> TimeEntry:
    """The entry on its new project, task and day, with the rate that follows from them."""
    if not {"project_id", "task_id", "spent_date", "billable"} & body.model_fields_set:
        return changed
    user = store.users.get(entry.user_id)
    if user is None:
        raise not_found("user", entry.user_id)
    wanted = body.given()
    project_id = wanted.get("project_id", entry.project_id)
    project = permissions.project_for(store, user, project_id, changed.spent_date)
    task = permissions.task_for(store, wanted.get("task_id", entry.task_id))
    billable = is_billable(project, task, changed.billable)
    return replace(
        changed,
        project_id=project.id,
        project=IdName(id=project.id, name=project.name),
        task_id=task.id,
        task=IdName(id=task.id, name=task.name),
        billable=billable,
        budgeted=project.budget is not None,
        billable_rate=billable_rate(project, task, user, billable=billable),
    )


def found(store: Store, entry_id: str) -> TimeEntry:
    """The time entry with that id."""
    entry = store.time_entries.get(entry_id)
    if entry is None:
        raise not_found("time entry", entry_id)
    return entry


def changeable(store: Store, caller: User, entry_id: str) -> TimeEntry:
    """The time entry, if the caller may change it and it is not fixed."""
    entry = found(store, entry_id)
    permissions.require_own(caller, entry)
    state = fixed_state(entry)
    if state:
        raise forbidden(f"time entry {entry_id} is {state} and can't be changed")
    return entry


def fixed_state(entry: TimeEntry) -> str | None:
    """Why the entry can't be changed, in a word."""
    states = [
        ("billed", entry.is_billed),
        ("approved", entry.is_closed),
        ("locked", entry.is_locked),
    ]
    return next((name for name, holds in states if holds), None)
