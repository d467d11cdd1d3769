"""`keito outbox drop`: decide that a record is not to be sent."""

from __future__ import annotations

from typing import Annotated

import typer

from ..output import Json, show
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, place
from ..record import find


def drop(
    keys: Annotated[list[str], typer.Argument(metavar="KEY", help="Records that nobody has sent.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it is kept with the record.")],
    outbox: OutboxPlace = None,
    credential: Credential = DEFAULT_CREDENTIAL,
    json: Json = False,
) -> None:
    """Decide that records are not to be sent.

    They and their corrections are kept, as dropped.
    """
    if not reason.strip():
        raise typer.BadParameter("--reason: say why")
    count = 0
    with place(outbox, credential).backlog() as backlog:
        chosen = [find(backlog, key).key for key in keys]
        for key in chosen:
            count += backlog.drop(key, reason)
    show({"keys": chosen, "dropped": count}, f"{count} dropped", json=json)
