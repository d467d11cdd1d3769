"""The records' file: every change of state is one transaction, on the disk before it counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any

from .. import _forks
from ..patience import at_once
from .database import (
    FULL,
    close_with,
    connect,
    identity,
    patient,
    proven,
    readable,
    set_aside,
)
from .record import ATTEMPTS, UNDELIVERED, Change, Due, Record, State
from .table import INSERT, INSERT_NEW, MAY_GO, PRUNE, SELECT, bring_up_to_date, record_of


class Records:
    """One connection; its lock makes the threads of a process take turns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = _forks.lock()
        self.damaged = False
        with _forks.whole():
            self._connection = connect(path, synchronous=FULL)
            close_with(self, self._connection)
            bring_up_to_date(self._connection)
        self._identity = identity(path)

    @property
    def lost(self) -> bool:
        """Whether the file was deleted: what is written to it then goes with this process."""
        return self.damaged or identity(self._path) != self._identity

    def move_to(self, other: Records) -> None:
        """Add all that is here to another file, and close this one.

        Other processes may have this one open, and move it too. Which of them claimed a record last
        is settled by the lock: who claims looks afterwards whether the file is still there.
        """
        with at_once(), _forks.whole(), self._lock:
            # Let go of where the other can't take it now: the next attempt begins anew.
            with self._connection:
                if not self.damaged:
                    self._connection.execute("BEGIN IMMEDIATE")
                records = [record_of(row) for row in readable(self._connection, SELECT)]
                query = "SELECT id, body FROM contracts"
                other.add(records, dict(readable(self._connection, query)), {})
            self._connection.close()

    def set_aside(self) -> bool:
        """Move a damaged file out of the way, if it is still in it; see `database.set_aside`."""
        return set_aside(self._path, self._identity)

    @patient
    def add(
        self,
        records: Sequence[Record],
        contracts: Mapping[str, str],
        expensed: Mapping[str, str],
    ) -> None:
        """Store records and contracts, except those whose key is known."""
        with self._turn(), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT OR IGNORE INTO contracts VALUES (?, ?)", list(contracts.items())
            )
            self._connection.executemany(INSERT, [astuple(record) for record in records])
            self._connection.executemany(
                "UPDATE records SET expense = ? WHERE key = ?",
                [(by, key) for key, by in expensed.items()],
            )

    def contract(self, id: str) -> str | None:
        """Return a contract."""
        rows = self._rows("SELECT body FROM contracts WHERE id = ?", (id,))
        return str(rows[0][0]) if rows else None

    def find(self, key: str) -> Record | None:
        """Return the record with this key."""
        rows = self._rows(f"{SELECT} WHERE key = ?", (key,))
        return record_of(rows[0]) if rows else None

    def of_run(self, run: str) -> list[Record]:
        """List the records of a run, oldest first."""
        return [
            record_of(r) for r in self._rows(f"{SELECT} WHERE run = ? ORDER BY made, key", (run,))
        ]

    @patient
    def of_day(self, destination: str, day: str) -> list[Record]:
        """List the records of a day."""
        with self._turn():
            # Made by whoever asks first: nobody else should pay for keeping it.
            self._connection.execute(
                "CREATE INDEX IF NOT EXISTS records_by_day ON records (destination, day)"
            )
        query = f"{SELECT} WHERE destination = ? AND day = ?"
        return [record_of(row) for row in self._rows(query, (destination, day))]

    def tally(self, name: str) -> int:
        """Add up what counts towards this."""
        query = "SELECT coalesce(sum(amount), 0) FROM records WHERE tally = ? AND tally != ''"
        return int(self._rows(query, (name,))[0][0])

    def last(self, tally: str) -> Record | None:
        """Return the record that was stored last of those that count towards this."""
        query = f"{SELECT} WHERE tally = ? AND tally != '' ORDER BY rowid DESC LIMIT 1"
        rows = self._rows(query, (tally,))
        return record_of(rows[0]) if rows else None

    def costs_due(self, destination: str, *, before: str) -> list[Due]:
        """List the costs of days before that one that are still to be passed on."""
        query = (
            f"SELECT {', '.join(Due._fields)} FROM records "
            "WHERE expense = 'due' AND destination = ? AND day < ? ORDER BY project, day, key"
        )
        rows = self._rows(query, (destination, before))
        return [Due(*row)._replace(held=bool(row[3])) for row in rows]

    def recorded(self, run: str) -> bool:
        """Whether there is a record of that run itself."""
        return bool(self._rows("SELECT 1 FROM records WHERE run = ? AND kind = 'run'", (run,)))

    def attempts(self, work: str, *, destination: str, run: str) -> tuple[int, bool]:
        """How many other runs have this work key, and whether one of them was charged."""
        query = (
            "SELECT count(DISTINCT run), coalesce(max(charged OR expense != ''), 0) FROM records "
            "WHERE work = ? AND work != '' AND destination = ? "
            f"AND kind IN {ATTEMPTS} AND run != ? "
            "AND state != 'UNROUTED'"
        )
        count, charged = self._rows(query, (work, destination, run))[0]
        return int(count), bool(charged)

    @patient
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
        """Mark the oldest READY record SENDING and return it."""
        projects = sorted(without)
        query = (
            f"{SELECT} WHERE destination = ? AND state = 'READY' AND held = 0 "
            f"AND project NOT IN ({', '.join('?' for _ in projects)}) AND ({MAY_GO}) "
            "ORDER BY made LIMIT 1"
        )
        with self._turn(), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            row = self._connection.execute(query, (destination, *projects)).fetchone()
            if row is None:
                return None
            self._connection.execute(
                "UPDATE records SET state = 'SENDING', owner = ?, since = ?, lease = ?, "
                "epoch = ?, fence = fence + 1, attempts = attempts + 1, absent = NULL "
                "WHERE key = ?",
                (owner, now, lease, epoch, row[0]),
            )
            taken = self._connection.execute(f"{SELECT} WHERE key = ?", (row[0],)).fetchone()
        # In a file that is deleted, another process may have read it as READY before.
        return None if self.lost else record_of(taken)

    @patient
    def change(self, record: Record, change: Change) -> bool:
        """Move a record on, if nobody else has since it was read."""
        query = (
            "UPDATE records SET state = ?, since = ?, epoch = ?, owner = '', fence = fence + 1, "
            "reason = coalesce(?, reason), remote = coalesce(?, remote), "
            "absent = coalesce(?, absent), echo = coalesce(?, echo) "
            "WHERE key = ? AND fence = ? AND owner = ?"
        )
        values = (
            change.state,
            change.since,
            change.epoch,
            change.reason,
            change.remote,
            change.absent,
            change.echo,
        )
        with self._turn():
            done = self._connection.execute(
                query, (*values, record.key, record.fence, record.owner)
            )
            return done.rowcount == 1

    @patient
    def replace(self, old: Sequence[Record], new: Sequence[Record]) -> bool:
        """Put records in the place of others, unless one of those has moved on."""
        with self._turn(), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for record in old:
                gone = self._connection.execute(
                    "DELETE FROM records WHERE key = ? AND fence = ? AND state = ? AND owner = ?",
                    (record.key, record.fence, record.state, record.owner),
                )
                if gone.rowcount != 1:
                    self._connection.rollback()
                    return False
            self._connection.executemany(INSERT_NEW, [astuple(record) for record in new])
        return True

    def in_state(self, destination: str, *states: State) -> list[Record]:
        """List the records in any of the states, oldest first."""
        marks = ", ".join("?" for _ in states)
        query = f"{SELECT} WHERE destination = ? AND state IN ({marks}) ORDER BY made"
        return [record_of(row) for row in self._rows(query, (destination, *states))]

    @patient
    def release(self, destination: str) -> int:
        """Let held records go."""
        with self._turn():
            query = "UPDATE records SET held = 0 WHERE destination = ? AND held = 1"
            return self._connection.execute(query, (destination,)).rowcount

    @patient
    def prune(self, *, before: float) -> None:
        """Forget what was delivered before then."""
        with self._turn():
            self._connection.execute(PRUNE, {"before": before})

    def counts(self, destination: str) -> tuple[dict[State, int], int, float | None]:
        """Count by state; how many are held; when the oldest to be sent was made."""
        states = self._rows(
            "SELECT state, count(*) FROM records WHERE destination = ? GROUP BY state",
            (destination,),
        )
        held, oldest = self._rows(
            f"SELECT coalesce(sum(held), 0), min(CASE WHEN state IN {UNDELIVERED} AND held = 0 "
            "THEN made END) FROM records WHERE destination = ? AND state != 'DONE'",
            (destination,),
        )[0]
        return {state: count for state, count in states}, int(held), oldest

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Use the connection, and notice where that finds the file damaged."""
        with self._lock:
            try:
                yield
            except sqlite3.DatabaseError as error:
                mine = identity(self._path) == self._identity
                self.damaged = self.damaged or (mine and proven(error, self._connection))
                raise

    @patient
    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._turn():
            return self._connection.execute(query, values).fetchall()
