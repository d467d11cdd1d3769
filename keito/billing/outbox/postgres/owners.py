"""Signs of life: a lease by the database's clock, and a lock that goes with the connection."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

from psycopg import Connection

_SIGN = "hashtextextended('keito_outbox ' || current_schema() || ' ' || {owner}, 0)"
# The lease is judged on other machines, so it ends by the one clock that all of them can see.
_SHOW = """
INSERT INTO keito_outbox_owners
VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s))
ON CONFLICT (owner) DO UPDATE SET seen = excluded.seen, until = excluded.until
"""
_LIVING = f"""
SELECT name FROM unnest(%s::text[]) AS name
WHERE EXISTS (
    SELECT FROM keito_outbox_owners WHERE owner = name AND until > clock_timestamp()
) OR {_SIGN.format(owner="name")} IN (
    SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
"""
_FORGET = """
DELETE FROM keito_outbox_owners AS gone WHERE owner = %s
AND NOT EXISTS (SELECT FROM keito_outbox_journal WHERE owner = gone.owner)
"""


class Owners:
    """The recorders of this process that have joined.

    Their locks go with the connection, and so with the process: they outlast the lease when it is
    only stopped for a while, and a machine that is gone loses them when the server notices. A lock
    that was lost with its connection is taken again with the next one; until then the lease counts.

    Attributes:
        pending: Those whose sign of life is still to be written.
        unseen: Those of them that others take for dead until then: nothing is written for them.
    """

    def __init__(self) -> None:
        self.pending: set[str] = set()
        self.unseen: set[str] = set()
        self._until: dict[str, float] = {}
        self._locked: set[str] = set()

    def join(self, owner: str, *, until: float) -> bool:
        """Remember a sign of life; whether it is the first."""
        first = owner not in self._until
        self._until[owner] = until
        self.pending.add(owner)
        if first:
            self.unseen.add(owner)
        return first

    def start_again(self) -> None:
        """Have all of them shown on a new connection."""
        self._locked.clear()
        self.pending.update(self._until)
        self.unseen.update(self._until)

    def show(self, connection: Connection[Any]) -> None:
        """Show those that are still to be."""
        for owner in list(self.pending):
            now = time.time()
            connection.execute(_SHOW, (owner, now, self._until.get(owner, now) - now))
            if owner not in self._locked:
                self._lock(connection, owner)
            self.pending.discard(owner)
            self.unseen.discard(owner)

    def forget(self, connection: Connection[Any], owner: str) -> None:
        """Drop an owner's signs of life; its lease stays while a run of its is here."""
        self._until.pop(owner, None)
        self.pending.discard(owner)
        self.unseen.discard(owner)
        connection.execute(_FORGET, (owner,))
        if owner in self._locked:
            self._locked.discard(owner)
            query = f"SELECT pg_advisory_unlock({_SIGN.format(owner='%s::text')})"
            connection.execute(query.encode(), (owner,))

    def _lock(self, connection: Connection[Any], owner: str) -> None:
        # The server may not have noticed yet that the connection before this one is gone.
        query = f"SELECT pg_try_advisory_lock({_SIGN.format(owner='%s::text')})"
        row = connection.execute(query.encode(), (owner,)).fetchone()
        if row is not None and row[0]:
            self._locked.add(owner)


def living(connection: Connection[Any], owners: Collection[str]) -> set[str]:
    """Return those of the owners that may still be working."""
    return {row[0] for row in connection.execute(_LIVING.encode(), (list(owners),))}


def seen(connection: Connection[Any], owner: str) -> float:
    """Return when an owner last showed that it lives, by its own clock; 0 when it never did."""
    query = "SELECT seen FROM keito_outbox_owners WHERE owner = %s"
    row = connection.execute(query, (owner,)).fetchone()
    return float(row[0]) if row is not None else 0.0
