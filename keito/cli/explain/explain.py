"""`keito explain` itself."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ..._today import today
from ..output import Json, fail, progress, show_json
from ..period import FromDay, Period, ToDay, period
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, Place, keito, place
from ..record import matching
from .online import look_up
from .story import Story, story
from .telling import tell_story

if TYPE_CHECKING:
    from ...billing.outbox.record import Record

# How far back an entry is looked for that this outbox does not know.
_BACK = timedelta(days=92)


def explain(
    name: Annotated[
        str, typer.Argument(metavar="KEY|ENTRY", help="A record's key, or the entry's id in Keito.")
    ],
    ask: Annotated[
        bool, typer.Option("--ask", help="Also ask Keito how it looks there now.")
    ] = False,
    from_day: FromDay = None,
    to_day: ToDay = None,
    outbox: OutboxPlace = None,
    credential: Credential = DEFAULT_CREDENTIAL,
    json: Json = False,
) -> None:
    """Tell everything that is known of one record.

    The first 8 characters of its key will do. What this outbox does not know is looked for in
    Keito, from --from (else 92 days ago) on.
    """
    if not name.strip():
        raise typer.BadParameter("give a key, its first 8 characters, or an entry's id")
    where = place(outbox, credential)
    days = period(from_day or str(today() - _BACK), to_day)
    found = _known(where, name, ask) or _asked(where, name, days)
    if found is None:
        fail(f"neither this outbox nor Keito, from {days}, knows {name}")
    if json:
        show_json(found)
    else:
        tell_story(found)


def _known(where: Place, name: str, ask: bool) -> Story | None:
    if not where.exists:
        return None
    with ExitStack() as stack:
        backlog = stack.enter_context(where.backlog())
        records = backlog.records()
        found = matching(records, name) or [r for r in records if r.remote == name]
        if not found:
            return None
        if len(found) > 1:
            fail(f"{len(found)} records begin with {name}: give more of the key")
        told = story(stack.enter_context(where.opened()), found[0])
    return _with_keito(told, where, found[0]) if ask else told


def _with_keito(told: Story, where: Place, record: Record) -> Story:
    from dataclasses import replace

    day = date.fromisoformat(record.day) if record.day else today()
    with keito(where.destination) as client:
        project = record.project or None
        item = look_up(client, record.after or record.key, Period(day, day), project=project)
    return replace(told, in_keito=item or {})


def _asked(where: Place, name: str, days: Period) -> Story | None:
    with keito(where.destination) as client, progress(f"looking through {days}") as tell:
        item = look_up(client, name, days, tell=tell)
    return None if item is None else Story(record=None, in_keito=item)
