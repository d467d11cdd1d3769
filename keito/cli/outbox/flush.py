"""`keito outbox flush`: deliver now, from here."""

from __future__ import annotations

from typing import Annotated

import typer

from ..courier.delivering import NOTHING, deliver, report, require_access
from ..output import Json, remark
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, place
from ..prices import PricesName, prices


def flush(
    timeout: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long to try at most.")
    ] = 300,
    prices_of: PricesName = None,
    outbox: OutboxPlace = None,
    credential: Credential = DEFAULT_CREDENTIAL,
    json: Json = False,
) -> None:
    """Deliver what is recorded, now and from here.

    Exit code 3 says that some is left.
    """
    where = place(outbox, credential)
    if where.exists:
        report(deliver([where], timeout=timeout, prices=prices(prices_of)), json=json)
        return
    require_access(where)
    remark(f"nothing has been recorded at {where.name}")
    report(NOTHING, json=json)
