"""`keito outbox retry`: send once more what Keito refused."""

from __future__ import annotations

from typing import Annotated

import typer

from ..output import Json, complain, fail, show
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, place
from ..record import find


def retry(
    keys: Annotated[list[str] | None, typer.Argument(metavar="KEY", help="Parked records.")] = None,
    all_parked: Annotated[bool, typer.Option("--all", help="All that is parked.")] = False,
    outbox: OutboxPlace = None,
    credential: Credential = DEFAULT_CREDENTIAL,
    json: Json = False,
) -> None:
    """Send parked records once more.

    Do so once what Keito refused about them is put right.
    """
    if bool(keys) == all_parked:
        raise typer.BadParameter("give the keys of parked records, or --all")
    done: list[str] = []
    refused: dict[str, str] = {}
    with place(outbox, credential).backlog() as backlog:
        parked = [find(backlog, key).key for key in keys or ()]
        for key in parked or [record.key for record in backlog.records("PARKED")]:
            try:
                backlog.retry(key)
                done.append(key)
            except ValueError as error:
                refused[key] = str(error)
    show({"retried": done, "refused": refused}, f"{len(done)} to be sent once more", json=json)
    for why in refused.values():
        complain(why)
    if refused:
        fail(f"{len(refused)} could not be retried")
