"""The block in which a recorder writes through a connection of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import Connection

from ..._guard import kept
from ...within import Within
from .outbox import PostgresOutbox

if TYPE_CHECKING:
    from ...recording import Recording
    from .transaction import Transaction


def block(recording: Recording, connection: Connection[Any]) -> Within:
    """Return the block; see `Recorder.within`."""
    if not isinstance(connection, Connection):
        raise TypeError(f"{type(connection).__name__} is not a psycopg.Connection")
    if recording.mode == "off":
        return Within(recording, lambda: None)
    outbox = recording.opened()
    if not isinstance(outbox, PostgresOutbox):
        raise ValueError("only an outbox in PostgreSQL can be part of a transaction")

    def begin() -> Transaction | None:
        return kept("recording in a transaction", lambda: outbox.transaction(connection), None)

    return Within(recording, begin)
