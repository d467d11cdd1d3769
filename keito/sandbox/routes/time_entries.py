"""Time entries and their timers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from .. import metadata, permissions, timers
from ..bodies import TimeEntryCreate, TimeEntryRestart, TimeEntryStop, TimeEntryUpdate
from ..bodies.fields import Day, Maybe
from ..context import Caller, State, answer
from ..described import errors
from ..exact import ExactRoute
from ..listing import list_answer
from ..pages import ChangedSince
from ..problems import broken_rule, conflict, forbidden, invalid, not_found
from ..rates import billable_rate, is_billable
from ..records import IdName, TimeEntry, TimeEntryPage, User
from ..sources import TimeEntrySources
from ..store import Store

router = APIRouter(tags=["Time Entries"], route_class=ExactRoute)


class TimeEntryQuery(ChangedSince):
    """Which time entries are wanted."""

    user_id: Maybe[str] = None
    client_id: Maybe[str] = None
    project_id: Maybe[str] = None
    task_id: Maybe[str] = None
    is_billed: Maybe[bool] = None
    is_running: Maybe[bool] = None
    from_: Annotated[Maybe[Day], Field(alias="from")] = None
    to: Maybe[Day] = None
    source: Maybe[TimeEntrySources] = None

    def accepts(self, entry: TimeEntry) -> bool:
        """Whether the entry is on the list, but for what depends on other records."""
        return (
            self.user_id in (None, entry.user_id)
            and self.project_id in (None, entry.project_id)
            and self.task_id in (None, entry.task_id)
            and self.is_billed in (None, entry.is_billed)
            and self.is_running in (None, entry.is_running)
            and (self.from_ is None or self.from_ <= entry.spent_date)
            and (self.to is None or self.to >= entry.spent_date)
            and (self.source is None or entry.source in self.source)
            and self.is_recent(entry)
        )


@router.get(
    "/api/v2/time_entries",
    operation_id="listTimeEntries",
    response_model=TimeEntryPage,
    responses=errors(400),
)
async def list_time_entries(
    request: Request, caller: Caller, store: State, query: Annotated[TimeEntryQuery, Query()]
) -> Response:
    """List time entries, the latest day first."""
    seen = permissions.visible_user(caller)
    projects = store.projects_of(query.client_id)

    def accepts(entry: TimeEntry) -> bool:
        return (
            seen in (None, entry.user_id)
            and (projects is None or entry.project_id in projects)
            and query.accepts(entry)
        )

    return list_answer(
        request,
        store,
        TimeEntry,
        "time_entries",
        query,
        accepts=accepts,
        scope=(seen, projects),
        newest=lambda entry: entry.spent_date,
    )


@router.post(
    "/api/v2/time_entries",
    operation_id="createTimeEntry",
    response_model=TimeEntry,
    responses=errors(400, 403, 404, 409, 422),
)
async def create_time_entry(caller: Caller, store: State, body: TimeEntryCreate) -> Response:
    """Create a time entry, or start a timer."""
    with store.lock:
        at = store.now()
        user = permissions.worker(store, caller, body.user_id)
        entry = _new_entry(store, user, body, at)
        if not body.is_running:
            store.save(entry)
            return answer(store, entry)
        if body.ended_time:
            raise broken_rule("a running timer has no ended_time", field="ended_time")
        others = timers.make_room(store, user, at, replace_running=bool(body.replace_running))
        entry = timers.started(entry, at)
        store.save(*others, entry)
        return answer(store, entry)


@router.patch(
    "/api/v2/time_entries/{id}",
    operation_id="updateTimeEntry",
    response_model=TimeEntry,
    responses=errors(400, 403, 404, 422),
)
async def update_time_entry(
    id: str,
    caller: Caller,
    store: State,
    body: TimeEntryUpdate,
) -> Response:
    """Update a time entry. `source` is immutable; metadata is merged, null clears it."""
    with store.lock:
        entry = _changeable(store, caller, id)
        if "source" in body.model_fields_set and body.source != entry.source:
            raise invalid("source can't be changed after creation", field="source")
        changed = replace(entry, **body.given("source", "metadata", "project_id", "task_id"))
        if "metadata" in body.model_fields_set:
            changed = replace(changed, metadata=metadata.merged(entry.metadata, body.metadata))
        changed = _rerouted(store, entry, changed, body)
        changed = replace(changed, updated_at=store.now())
        store.save(changed)
        return answer(store, changed)


@router.delete(
    "/api/v2/time_entries/{id}",
    operation_id="deleteTimeEntry",
    status_code=204,
    responses=errors(403, 404, 409),
)
async def delete_time_entry(id: str, caller: Caller, store: State) -> Response:
    """Delete a time entry. Locked, approved or billed ones stay."""
    with store.lock:
        entry = _found(store, id)
        permissions.require_own(caller, entry)
        state = _fixed_state(entry)
        if state:
            raise conflict(f"time entry {id} is {state} and can't be deleted")
        store.delete(entry)
    return Response(status_code=204)


@router.patch(
    "/api/v2/time_entries/{id}/stop",
    operation_id="stopTimeEntry",
    response_model=TimeEntry,
    responses=errors(400, 403, 404),
)
async def stop_time_entry(
    id: str,
    caller: Caller,
    store: State,
    body: TimeEntryStop | SkipJsonSchema[None] = None,
) -> Response:
    """Stop a running timer; the elapsed time is added to the entry's hours."""
    with store.lock:
        entry = timers.stopped(_changeable(store, caller, id), store.now())
        if body and "notes" in body.model_fields_set:
            entry = replace(entry, notes=body.notes)
        store.save(entry)
        return answer(store, entry)


@router.patch(
    "/api/v2/time_entries/{id}/restart",
    operation_id="restartTimeEntry",
    response_model=TimeEntry,
    responses=errors(400, 403, 404, 409),
)
async def restart_time_entry(
    id: str,
    caller: Caller,
    store: State,
    body: TimeEntryRestart | SkipJsonSchema[None] = None,
) -> Response:
    """Restart a stopped entry as the active timer."""
    with store.lock:
        at = store.now()
        entry = _changeable(store, caller, id)
        if entry.is_running:
            raise invalid(f"time entry {id} is already running")
        owner = store.users.get(entry.user_id) or caller
        others = timers.make_room(
            store, owner, at, replace_running=bool(body and body.replace_running)
        )
        entry = timers.started(entry, at)
        store.save(*others, entry)
        return answer(store, entry)


def _new_entry(store: Store, user: User, body: TimeEntryCreate, at: datetime) -> TimeEntry:
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


def _rerouted(
    store: Store, entry: TimeEntry, changed: TimeEntry, body: TimeEntryUpdate
) -> TimeEntry:
    """The entry on its new project, task and day, with the rate that follows from them."""
    if not {"project_id", "task_id", "spent_date", "billable"} & body.model_fields_set:
        return changed
    user = store.users.get(entry.user_id)
    if user is None:
        raise not_found("user", entry.user_id)
    project_id, task_id = body.project_id or entry.project_id, body.task_id or entry.task_id
    project = permissions.project_for(store, user, project_id, changed.spent_date)
    task = permissions.task_for(store, task_id)
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


def _found(store: Store, entry_id: str) -> TimeEntry:
    entry = store.time_entries.get(entry_id)
    if entry is None:
        raise not_found("time entry", entry_id)
    return entry


def _changeable(store: Store, caller: User, entry_id: str) -> TimeEntry:
    entry = _found(store, entry_id)
    permissions.require_own(caller, entry)
    state = _fixed_state(entry)
    if state:
        raise forbidden(f"time entry {entry_id} is {state} and can't be changed")
    return entry


def _fixed_state(entry: TimeEntry) -> str | None:
    """Why the entry can't be changed, in a word."""
    states = [
        ("billed", entry.is_billed),
        ("approved", entry.is_closed),
        ("locked", entry.is_locked),
    ]
    return next((name for name, holds in states if holds), None)
