"""`keito outbox release`: let go what `KEITO_MODE=record` holds."""

from __future__ import annotations

from ..output import Json, show
from ..place import DEFAULT_CREDENTIAL, Credential, OutboxPlace, place


def release(
    outbox: OutboxPlace = None, credential: Credential = DEFAULT_CREDENTIAL, json: Json = False
) -> None:
    """Let go what was recorded with KEITO_MODE=record.

    A courier sends it from now on.
    """
    with place(outbox, credential).backlog() as backlog:
        count = backlog.release()
    show({"released": count}, f"{count} released", json=json)
