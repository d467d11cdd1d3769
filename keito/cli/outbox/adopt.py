"""`keito outbox adopt`: take over what was recorded before there was an account id."""

from __future__ import annotations

from dataclasses import replace

from ..output import Json, fail, show
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, place


def adopt(
    outbox: OutboxPlace = None, credential: Credential = DEFAULT_CREDENTIAL, json: Json = False
) -> None:
    """Take over what was recorded without an account id.

    It is sent to the account that is set here.
    """
    where = place(outbox, credential)
    account = where.destination.account_id
    if not account:
        fail("there is no account to take it over for: set KEITO_ACCOUNT_ID")
    with where.backlog() as backlog:
        count = backlog.adopt(replace(where.destination, account_id="").id, account=account)
    show({"adopted": count}, f"{count} adopted", json=json)
