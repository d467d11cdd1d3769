"""`keito tail`: see records as they are made and delivered."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from .following import Following
from .output import Json, say, show_json
from .place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, place
from .record import SHORT, Shown, shown
from .signals import signalled

_EVERY = 0.5
_STYLES = {"DONE": "green", "PARKED": "red", "UNROUTED": "red", "AMBIGUOUS": "yellow"}


def tail(
    last: Annotated[
        int, typer.Option("--last", "-n", min=0, metavar="N", help="Begin with the last so many.")
    ] = 10,
    outbox: OutboxPlace = None,
    credential: Credential = DEFAULT_CREDENTIAL,
    json: Json = False,
) -> None:
    """Follow records as they are made and delivered, until Ctrl-C.

    A run becomes a record when a courier files it, which one has to run for.
    """
    where = place(outbox, credential)
    with signalled() as told, closing(where.open()) as opened:
        changes = Following(opened, where.destination.id)
        before = changes.look()
        for record in before[len(before) - min(last, len(before)) :]:
            _print(shown(record), json)
        while not told.wait(_EVERY):
            for record in changes.look():
                _print(shown(record), json)


def _print(one: Shown, json: bool) -> None:
    if json:
        show_json(one)
        return
    state = "HELD" if one.held and one.state == "READY" else one.state
    where = one.project_id or "no project"
    when = one.since.astimezone().strftime("%H:%M:%S")
    line = f"{when}  {one.key[:SHORT]}  {state:<9}  {one.agent or one.kind}: {one.what}"
    reason = f" ({one.reason})" if one.reason else ""
    say(f"{line}, {where}{reason}", style=_STYLES.get(state))
