"""`keito void` itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ..._today import today
from ..exits import LEFT
from ..explain.online import look_up
from ..output import Json, fail, progress, say, show_json
from ..period import FromDay, Month, Period, ToDay, period
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, Place, keito, place
from ..record import SHORT, matching
from ..table import show_table
from .plan import Choice, Item, Plan, plan
from .shares import Share
from .voiding import Voided, void_all

if TYPE_CHECKING:
    from ..._sync.client import Keito
    from ...billing.outbox.record import Record

# How far back a run or a session is looked for, where nobody says when it was.
_BACK = timedelta(days=92)


def void(
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why; it goes into the entries' metadata.")
    ],
    run: Annotated[
        str | None, typer.Option(metavar="ID", help="What this run did; a record's key will do.")
    ] = None,
    session: Annotated[
        str | None, typer.Option(metavar="ID", help="What was done in this session.")
    ] = None,
    project: Annotated[
        str | None, typer.Option(metavar="ID", help="Only what was done on this project.")
    ] = None,
    from_day: FromDay = None,
    to_day: ToDay = None,
    month: Month = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without, it is only shown what would be done.")
    ] = False,
    outbox: OutboxPlace = None,
    credential: Credential = DEFAULT_CREDENTIAL,
    json: Json = False,
) -> None:
    """Take back agents' work that should not be charged.

    It becomes not billable, with the reason. Without --yes nothing is changed. What is locked,
    approved, billed, an expense, or part of an entry that holds a whole day is listed: a person has
    to handle it.
    """
    if not reason.strip():
        raise typer.BadParameter("--reason: say why")
    if run is None and session is None and month is None and (from_day is None or to_day is None):
        raise typer.BadParameter("give --run, --session, --month, or --from and --to")
    where = place(outbox, credential)
    records = _records(where)
    of_run = _resolved(records, run)
    days = _days(records, of_run, _given(from_day, to_day, month))
    choice = Choice(days=days, run=of_run, session=session, project=project)
    found, done = _void(where, choice, records, reason=reason.strip() if yes else None)
    if (run or session) and _is_empty(found):
        fail(f"neither this outbox nor Keito, from {days}, knows {run or session}")
    if json:
        show_json({"plan": found, "done": done})
    else:
        _print(found, done)
    left = found.for_a_person or found.shares or found.unsent
    if done is not None and (done.failed or left):
        raise typer.Exit(LEFT)


def _void(
    where: Place, choice: Choice, records: list[Record], *, reason: str | None
) -> tuple[Plan, Voided | None]:
    with ExitStack() as stack:
        client = stack.enter_context(keito(where.destination))
        with progress(f"looking through {choice.days}") as tell:
            found = plan(client, choice, records, tell)
            if choice.run and _is_empty(found):
                found = plan(client, _by_its_key(client, choice), records, tell)
        if reason is None:
            return found, None
        with progress("voiding") as tell:
            return found, void_all(client, found.to_void, reason, tell=tell)


def _by_its_key(client: Keito, choice: Choice) -> Choice:
    """Return what is meant if it is no run, but the key of a record of another outbox."""
    entry = look_up(client, choice.run or "", choice.days) or {}
    run = (entry.get("metadata") or {}).get("run_id")
    return replace(choice, run=run) if run else choice


def _records(where: Place) -> list[Record]:
    if not where.exists:
        return []
    with where.backlog() as backlog:
        return backlog.records()


def _resolved(records: list[Record], run: str | None) -> str | None:
    """Return the run that is meant: by its own id, or by the key of one of its records."""
    if run is None or any(record.run == run for record in records):
        return run
    runs = {record.run for record in matching(records, run)}
    if not runs and len(run) >= SHORT:
        runs = {record.run for record in records if record.run.startswith(run)}
    if len(runs) > 1:
        fail(f"{len(runs)} runs begin with {run}: give more of it")
    return runs.pop() if runs else run


def _given(first: str | None, last: str | None, month: str | None) -> Period | None:
    if first is None and last is None and month is None:
        return None
    return period(first, last, month)


def _days(records: list[Record], run: str | None, given: Period | None) -> Period:
    if given is not None:
        return given
    known = [record.day for record in records if run and record.run == run and record.day]
    if known:
        return Period(date.fromisoformat(min(known)), date.fromisoformat(max(known)))
    return Period(today() - _BACK, today())


def _print(found: Plan, done: Voided | None) -> None:
    heading = "To be made not billable:" if done is None else "Not billable any more:"
    _list(heading, _done(found, done), "notes")
    _list("For a person, since they can't be changed:", found.for_a_person, "because")
    _list_shares(found.shares)
    for id, why in (done.failed if done else {}).items():
        say(f"{id} could not be changed: {why}")
    for record in found.unsent:
        say(
            f"not sent yet: {record.what} ({record.state}): "
            f"keito outbox drop {record.key[:SHORT]} --reason ..."
        )
    if found.below:
        say(f"it started {found.below} runs with records of their own, which are not meant here")
    said = f"{len(found.to_void)} to void" if done is None else f"{len(done.voided)} voided"
    say(f"{said}, {found.not_charged} not charged anyway, from {found.days}")
    if done is None and found.to_void:
        say("Nothing has been changed: add --yes to do it")


def _done(found: Plan, done: Voided | None) -> list[Item]:
    return [item for item in found.to_void if done is None or item.id in done.voided]


def _list(heading: str, items: Sequence[Item], last: str) -> None:
    rows = [_row(item, last) for item in items]
    if rows:
        say(heading, style="bold")
        show_table(("id", "day", "what", last), rows, apart=[last])


def _list_shares(found: Sequence[Share]) -> None:
    if found:
        say("For a person, since it is in an entry of a whole day:", style="bold")
        rows = [
            (one.entry_id or "?", one.day, f"{one.hours:f} h", one.key[:SHORT]) for one in found
        ]
        show_table(("entry", "day", "hours", "key"), rows)
        say("Take these hours off the entry in Keito; what is recorded next goes into another one")


def _is_empty(found: Plan) -> bool:
    told = (found.to_void, found.for_a_person, found.shares, found.unsent)
    return not any(told) and not found.not_charged


def _row(item: Item, last: str) -> tuple[str, ...]:
    said = item.why if last == "because" else item.notes
    return item.id, str(item.day), _what(item), said or ""


def _what(item: Item) -> str:
    if item.kind == "expense":
        return f"{item.total_cost} spent" if item.total_cost is not None else "an expense"
    if item.kind == "outcome" and not item.hours:
        return str(item.metadata.get("outcome_type"))
    return f"{item.hours} h"
