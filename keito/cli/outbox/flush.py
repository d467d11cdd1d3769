"""`keito outbox flush`: deliver now, from here."""

from __future__ import annotations

from typing import Annotated

import typer

from ..courier.delivering import deliver
from ..exits import LEFT
from ..output import Json, show
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, place


def flush(
    timeout: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long to try at most.")
    ] = 300,
    outbox: OutboxPlace = None,
    credential: Credential = DEFAULT_CREDENTIAL,
    json: Json = False,
) -> None:
    """Deliver what is recorded, for so long at most; exit code 3 says that some is left."""
    left = deliver([place(outbox, credential)], timeout=timeout)
    show(left, left.text, json=json)
    if left.left:
        raise typer.Exit(LEFT)
