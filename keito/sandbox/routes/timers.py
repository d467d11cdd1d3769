"""Timers of time entries."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Response
from pydantic.json_schema import SkipJsonSchema

from .. import timers
from ..bodies import TimeEntryRestart, TimeEntryStop
from ..context import Caller, State, answer
from ..described import errors
from ..exact import ExactRoute
from ..problems import invalid
from ..records import TimeEntry
from ..work import changeable

router = APIRouter(tags=["Time Entries"], route_class=ExactRoute)


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
        entry = timers.stopped(changeable(store, caller, id), store.now())
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
        entry = changeable(store, caller, id)
        if entry.is_running:
            raise invalid(f"time entry {id} is already running")
        owner = store.users.get(entry.user_id) or caller
        others = timers.make_room(
            store, owner, at, replace_running=bool(body and body.replace_running)
        )
        entry = timers.started(entry, at)
        store.save(*others, entry)
        return answer(store, entry)
