"""`keito outbox assign`: say whose work an unrouted run was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ...billing.target import Target
from ..output import Json, fail, show
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, place
from ..prices import PricesName, prices
from ..record import SHORT

if TYPE_CHECKING:
    from ...billing.outbox.record import Record


def assign(
    project: Annotated[str, typer.Option(metavar="ID", help="The project it was for.")],
    task: Annotated[
        str | None, typer.Option(metavar="ID", help="The task. [default: as it was recorded]")
    ] = None,
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="RUN", help="Runs, or keys of their records.")
    ] = None,
    all_unrouted: Annotated[bool, typer.Option("--all", help="All that is unrouted.")] = False,
    user: Annotated[str | None, typer.Option(metavar="ID", help="Whose entry it is.")] = None,
    agent: Annotated[str | None, typer.Option(metavar="NAME", help="The agent's label.")] = None,
    prices_of: PricesName = None,
    outbox: OutboxPlace = None,
    credential: Credential = DEFAULT_CREDENTIAL,
    json: Json = False,
) -> None:
    """Say whose work unrouted runs were, so that they are sent."""
    if bool(runs) == all_unrouted:
        raise typer.BadParameter("give runs or keys, or --all")
    try:
        target = Target(project_id=project, task_id=task, user_id=user, agent_id=agent)
    except TypeError:
        raise typer.BadParameter("an id or a name is empty") from None
    with place(outbox, credential).backlog(prices(prices_of)) as backlog:
        unrouted = backlog.records("UNROUTED")
        names = runs or [record.run for record in unrouted]
        chosen = list(dict.fromkeys(_run(unrouted, name) for name in names))
        count = sum(backlog.assign(run, target) for run in chosen)
    show({"runs": chosen, "to_send": count}, f"{count} records to be sent", json=json)


def _run(unrouted: Sequence[Record], name: str) -> str:
    named = {record.run for record in unrouted if name in (record.run, record.key)}
    if not named and len(name) >= SHORT:
        named = {r.run for r in unrouted if r.run.startswith(name) or r.key.startswith(name)}
    if not named:
        fail(f"nothing of {name} is unrouted")
    if len(named) > 1:
        fail(f"{len(named)} runs begin with {name}: give more of it")
    return named.pop()
