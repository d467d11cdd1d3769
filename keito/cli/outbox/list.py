"""`keito outbox list`: the records themselves."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import typer

from ..output import Json, remark, say, show_json
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, place
from ..record import SHORT, Shown, age, shown
from ..table import show_table

StateName = Literal[
    "open",
    "ready",
    "sending",
    "ambiguous",
    "done",
    "parked",
    "unrouted",
    "dropped",
    "collected",
    "folded",
    "all",
]
_OPEN = ("READY", "SENDING", "AMBIGUOUS", "PARKED", "UNROUTED", "COLLECTED", "FOLDED")
_HEADINGS = ("key", "state", "what", "project", "age", "agent", "reason")


def list_records(
    state: Annotated[
        StateName, typer.Option(help="Those in this state; open is all that Keito may not have.")
    ] = "open",
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="The newest so many.")] = 100,
    outbox: OutboxPlace = None,
    credential: Credential = DEFAULT_CREDENTIAL,
    json: Json = False,
) -> None:
    """List records, oldest first."""
    with place(outbox, credential).backlog() as backlog:
        found = [shown(record) for record in backlog.records() if _wanted(record.state, state)]
    if json:
        show_json(found[-limit:])
        return
    if not found:
        say("nothing" if state == "all" else f"nothing is {state}")
        return
    now = time.time()
    rows = [_row(one, now) for one in found[-limit:]]
    show_table(_HEADINGS, rows, right=["age"], apart=["agent", "reason"])
    if len(found) > limit:
        remark(f"and {len(found) - limit} older ones: see --limit")


def _wanted(state: str, asked: StateName) -> bool:
    return asked == "all" or (state in _OPEN if asked == "open" else state == asked.upper())


def _row(one: Shown, now: float) -> tuple[str, ...]:
    cells = (
        one.key[:SHORT],
        "HELD" if one.held and one.state == "READY" else one.state,
        one.what,
        one.project_id,
        age(now - one.made.timestamp()),
        one.agent,
        one.reason,
    )
    return tuple(cell or "" for cell in cells)
