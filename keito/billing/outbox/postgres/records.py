"""The records' table: every change of state is one transaction, on the disk before it counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from psycopg import Connection, Rollback
from psycopg.errors import UniqueViolation

from ..record import ATTEMPTS, UNDELIVERED, Change, Due, Record, State
from .session import Session

_COLUMNS = tuple(field.name for field in fields(Record))
_NAMES = ", ".join(_COLUMNS)
_SELECT = f"SELECT {_NAMES} FROM keito_outbox_records"
_INSERT = (
    f"INSERT INTO keito_outbox_records ({_NAMES}) VALUES ({', '.join('%s' for _ in _COLUMNS)})"
)
# What a courier on another machine compares with its own clock is kept by the database's.
_TIMES = ("made", "since", "lease", "absent")
_TO_SEND = "('READY', 'SENDING', 'AMBIGUOUS')"
_OLDEST_READY = f"""
SELECT key FROM keito_outbox_records AS record
WHERE destination = %(destination)s AND state = 'READY' AND NOT held
AND project != ALL(%(without)s::text[])
AND (after = '' OR EXISTS (
    SELECT FROM keito_outbox_records WHERE key = record.after AND state = 'DONE'
) AND NOT EXISTS (
    SELECT FROM keito_outbox_records AS older WHERE older.after = record.after
    AND older.state IN {_TO_SEND} AND (older.made, older.key) < (record.made, record.key)
))
ORDER BY made, key LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_CLAIM = f"""
UPDATE keito_outbox_records
SET state = 'SENDING', owner = %(owner)s, since = %(since)s, lease = %(lease)s, epoch = %(epoch)s,
    fence = fence + 1, attempts = attempts + 1, absent = NULL
WHERE key = ({_OLDEST_READY}) RETURNING {_NAMES}
"""
# The last cost knows what less than a cent is carried on.
_PRUNE = """
DELETE FROM keito_outbox_records AS record
WHERE state = 'DONE' AND since < %(before)s AND expense != 'due' AND kind != 'cost'
AND NOT EXISTS (
    SELECT FROM keito_outbox_records AS needed WHERE needed.run = record.run AND needed.run != ''
    AND (needed.since >= %(before)s OR needed.expense = 'due' OR needed.state != 'DONE')
    AND needed.state != 'DROPPED'
)
"""


class Records:
    """What the records are asked, and told."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        connection: Connection[Any],
        records: Sequence[Record],
        contracts: Mapping[str, str],
        expensed: Mapping[str, str],
    ) -> None:
        """Store records and contracts, except those whose key is known, in a transaction."""
        cursor = connection.cursor()
        cursor.executemany(
            "INSERT INTO keito_outbox_contracts VALUES (%s, %s) ON CONFLICT DO NOTHING",
            list(contracts.items()),
        )
        insert = f"{_INSERT} ON CONFLICT DO NOTHING".encode()
        cursor.executemany(insert, [self._values(record) for record in records])
        cursor.executemany(
            "UPDATE keito_outbox_records SET expense = %s WHERE key = %s",
            [(by, key) for key, by in expensed.items()],
        )

    def contract(self, id: str) -> str | None:
        """Return a contract."""
        rows = self._rows("SELECT body FROM keito_outbox_contracts WHERE id = %s", (id,))
        return str(rows[0][0]) if rows else None

    def find(self, key: str) -> Record | None:
        """Return the record with this key."""
        found = self._records("WHERE key = %s", (key,))
        return found[0] if found else None

    def of_run(self, run: str) -> list[Record]:
        """List the records of a run, oldest first."""
        return self._records("WHERE run = %s ORDER BY made, key", (run,))

    def of_day(self, destination: str, day: str) -> list[Record]:
        """List the records of a day."""
        return self._records("WHERE destination = %s AND day = %s", (destination, day))

    def tally(self, name: str) -> int:
        """Add up what counts towards this."""
        query = (
            "SELECT coalesce(sum(amount), 0) FROM keito_outbox_records "
            "WHERE tally = %s AND tally != ''"
        )
        return int(self._rows(query, (name,))[0][0])

    def last(self, tally: str) -> Record | None:
        """Return the record that was stored last of those that count towards this."""
        where = "WHERE tally = %s AND tally != '' ORDER BY number DESC LIMIT 1"
        found = self._records(where, (tally,))
        return found[0] if found else None

    def costs_due(self, destination: str, *, before: str) -> list[Due]:
        """List the costs of days before that one that are still to be passed on."""
        query = (
            f"SELECT {', '.join(Due._fields)} FROM keito_outbox_records "
            "WHERE expense = 'due' AND destination = %s AND day < %s ORDER BY project, day, key"
        )
        return [Due(*row) for row in self._rows(query, (destination, before))]

    def recorded(self, run: str) -> bool:
        """Whether there is a record of that run itself."""
        query = "SELECT FROM keito_outbox_records WHERE run = %s AND kind = 'run' LIMIT 1"
        return bool(self._rows(query, (run,)))

    def attempts(self, work: str, *, destination: str, run: str) -> tuple[int, bool]:
        """How many other runs have this work key, and whether one of them was charged."""
        query = (
            "SELECT count(DISTINCT run), coalesce(bool_or(charged OR expense != ''), false) "
            "FROM keito_outbox_records "
            "WHERE work = %s AND work != '' AND destination = %s AND kind = ANY(%s) AND run != %s "
            "AND state != 'UNROUTED'"
        )
        count, charged = self._rows(query, (work, destination, list(ATTEMPTS), run))[0]
        return int(count), bool(charged)

    def claim(
        self,
        destination: str,
        *,
        owner: str,
        now: float,
        lease: float,
        without: Collection[str],
        epoch: float | None = None,
    ) -> Record | None:
        """Mark the oldest READY record that nobody is about to take SENDING, and return it."""
        ahead = self._session.ahead
        said = {
            "destination": destination,
            "without": list(without),
            "owner": owner,
            "since": now + ahead,
            "lease": lease + ahead,
            "epoch": epoch,
        }
        rows = self._rows(_CLAIM, said)
        return self._record(rows[0]) if rows else None

    def change(self, record: Record, change: Change) -> bool:
        """Move a record on, if nobody else has since it was read."""
        ahead = self._session.ahead
        query = (
            "UPDATE keito_outbox_records SET state = %s, since = %s, epoch = %s, owner = '', "
            "fence = fence + 1, reason = coalesce(%s::text, reason), "
            "remote = coalesce(%s::text, remote), absent = coalesce(%s::float8, absent), "
            "echo = coalesce(%s::text, echo) WHERE key = %s AND fence = %s AND owner = %s"
        )
        values = (
            change.state,
            change.since + ahead,
            change.epoch,
            change.reason,
            change.remote,
            None if change.absent is None else change.absent + ahead,
            change.echo,
            record.key,
            record.fence,
            record.owner,
        )
        with self._session.turn() as connection:
            return connection.execute(query, values).rowcount == 1

    def replace(self, old: Sequence[Record], new: Sequence[Record]) -> bool:
        """Put records in the place of others, unless one of those has moved on."""
        query = (
            "DELETE FROM keito_outbox_records "
            "WHERE key = %s AND fence = %s AND state = %s AND owner = %s"
        )
        with self._session.turn() as connection, connection.transaction() as whole:
            for record in old:
                read = (record.key, record.fence, record.state, record.owner)
                if connection.execute(query, read).rowcount != 1:
                    raise Rollback(whole)
            self._add_new(connection, new)
            return True
        return False

    def in_state(self, destination: str, *states: State) -> list[Record]:
        """List the records in any of the states, oldest first."""
        where = "WHERE destination = %s AND state = ANY(%s) ORDER BY made, key"
        return self._records(where, (destination, list(states)))

    def release(self, destination: str) -> int:
        """Let held records go."""
        query = "UPDATE keito_outbox_records SET held = false WHERE destination = %s AND held"
        with self._session.turn() as connection:
            return connection.execute(query, (destination,)).rowcount

    def prune(self, *, before: float) -> None:
        """Forget what was delivered before then."""
        with self._session.turn() as connection:
            connection.execute(_PRUNE.encode(), {"before": before + self._session.ahead})

    def counts(self, destination: str) -> tuple[dict[State, int], int, float | None]:
        """Count by state; how many are held; when the oldest to be sent was made."""
        states = self._rows(
            "SELECT state, count(*) FROM keito_outbox_records WHERE destination = %s "
            "GROUP BY state",
            (destination,),
        )
        held, oldest = self._rows(
            "SELECT count(*) FILTER (WHERE held), "
            f"min(made) FILTER (WHERE state IN {UNDELIVERED} AND NOT held) "
            "FROM keito_outbox_records WHERE destination = %s AND state != 'DONE'",
            (destination,),
        )[0]
        since = None if oldest is None else oldest - self._session.ahead
        return {state: count for state, count in states}, int(held), since

    def _add_new(self, connection: Connection[Any], records: Sequence[Record]) -> None:
        values = [self._values(record) for record in records]
        try:
            connection.cursor().executemany(_INSERT.encode(), values)
        except UniqueViolation as error:
            raise KeyError("there is a record with one of these keys") from error

    def _records(self, where: str, values: Sequence[object]) -> list[Record]:
        return [self._record(row) for row in self._rows(f"{_SELECT} {where}", values)]

    def _record(self, row: tuple[Any, ...]) -> Record:
        return _moved(Record(**dict(zip(_COLUMNS, row, strict=True))), by=-self._session.ahead)

    def _values(self, record: Record) -> tuple[object, ...]:
        moved = _moved(record, by=self._session.ahead)
        return tuple(getattr(moved, name) for name in _COLUMNS)

    def _rows(self, query: str, values: Sequence[object] | dict[str, Any]) -> list[tuple[Any, ...]]:
        with self._session.turn() as connection:
            return connection.execute(query.encode(), values).fetchall()


def _moved(record: Record, *, by: float) -> Record:
    """Return a record whose times are by another clock."""
    if not by:
        return record
    times = {name: getattr(record, name) for name in _TIMES}
    return replace(record, **{n: at + by for n, at in times.items() if at is not None})
