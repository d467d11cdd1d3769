"""Time entries."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from .. import metadata, permissions, timers
from ..bodies import TimeEntryCreate, TimeEntryUpdate
from ..bodies.fields import Day, Maybe
from ..context import Caller, State, answer
from ..described import errors
from ..exact import ExactRoute
from ..listing import list_answer
from ..pages import ChangedSince
from ..problems import broken_rule, conflict, invalid
from ..records import TimeEntry, TimeEntryPage
from ..sources import TimeEntrySources
from ..work import changeable, fixed_state, found, new_entry, rerouted

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
        entry = new_entry(store, user, body, at)
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
        entry = changeable(store, caller, id)
        if "source" in body.model_fields_set and body.source != entry.source:
            raise invalid("source can't be changed after creation", field="source")
        changed = replace(entry, **body.given("source", "metadata", "project_id", "task_id"))
        if "metadata" in body.model_fields_set:
            changed = replace(changed, metadata=metadata.merged(entry.metadata, body.metadata))
        changed = rerouted(store, entry, changed, body)
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
        entry = found(store, id)
        permissions.require_own(caller, entry)
        state = fixed_state(entry)
        if state:
            raise conflict(f"time entry {id} is {state} and can't be deleted")
        store.delete(entry)
    return Response(status_code=204)
