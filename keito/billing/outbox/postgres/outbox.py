"""The outbox in PostgreSQL: any number of machines record into it and deliver from it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, OperationalError

from ..line import Line
from ..record import Counts, Record
from ..with_records import WithRecords
from . import inbox, owners, schema
from .inbox import Inbox
from .inline import Inline
from .records import Records
from .session import Session
from .transaction import Transaction

_TURN = "hashtextextended('keito_outbox filing ' || current_schema(), 0)"
# A process that is stopped while it files would keep everyone from filing: the server ends the
# session of one that is silent for so long.
_TAKE_TURN = f"""
SELECT CASE WHEN pg_try_advisory_lock({_TURN})
THEN set_config('idle_session_timeout', '30s', false) END
"""
_END_TURN = f"SELECT pg_advisory_unlock({_TURN}), set_config('idle_session_timeout', '0', false)"


class PostgresOutbox(WithRecords):
    """Keeps records in tables of a database, `keito_outbox_*`, which it makes when first used.

    PostgreSQL 14 or newer, in UTF-8. Two connections per process, which have to be sessions of
    their own: a pool that gives each transaction another one will not do.

    Args:
        dsn: Where it is, as libpq takes it: `postgresql://user@host/database`. The tables are in
            the first schema of the search path.
    """

    durable = True
    remote = True

    def __init__(self, dsn: str) -> None:
        # Nothing is opened yet: that may take seconds, and an agent may be waiting.
        self._dsn = dsn
        self._session = Session(dsn)
        self._inline = Inline(dsn, self._session)
        self._inbox = Inbox(self._session)
        self._kept = Records(self._session)
        self._filing = threading.Lock()
        self._filing_in: Connection[Any] | None = None
        self._place: tuple[str, str] | None = None

    def join(self, owner: str, *, until: float) -> None:
        """See `Outbox`."""
        # The first sign of life is given by an agent's thread, which must not wait for it: it is
        # shown before anything is written, by whoever comes first.
        if not self._session.owners.join(owner, until=until):
            with self._session.turn():
                pass

    def alive(self, owner: str, *, now: float) -> bool:
        """See `Outbox`; it is the database's clock that says what time it is."""
        with self._session.turn() as connection:
            return bool(owners.living(connection, [owner]))

    def leave(self, owner: str) -> None:
        """See `Outbox`."""
        with self._session.turn() as connection:
            self._session.owners.forget(connection, owner)

    def last_sign(self, owner: str) -> float:
        """See `Outbox`."""
        with self._session.turn() as connection:
            return owners.seen(connection, owner)

    def append(self, line: Line, *, wait: float | None = None) -> None:
        """See `Outbox`."""
        if wait is not None:
            self._inline.append(line, wait=wait)
            return
        self._inbox.append(line)
        # The server is there again: what is recorded next need not be put aside.
        self._inline.open_again(line.owner)

    def arrivals(self, *, limit: int) -> list[Line]:
        """See `Outbox`."""
        return self._inbox.finished(limit)

    def orphans(self, *, now: float) -> list[list[Line]]:
        """See `Outbox`; it is the database's clock that says what time it is."""
        self._inbox.drop_strays()
        return self._inbox.orphans()

    def lines(self, run: str) -> list[Line]:
        """See `Outbox`."""
        return self._inbox.of_run(run)

    @contextmanager
    def filing_turn(self) -> Iterator[bool]:
        """See `Outbox`."""
        if not self._filing.acquire(blocking=False):
            yield False
            return
        try:
            self._filing_in = self._take_turn()
            try:
                yield self._filing_in is not None
            finally:
                self._end_turn()
        finally:
            self._filing.release()

    def file(
        self,
        records: Sequence[Record],
        *,
        contracts: Mapping[str, str],
        lines: Sequence[int],
        runs: Collection[str],
        expensed: Mapping[str, str] | None = None,
    ) -> None:
        """See `Outbox`."""
        with self._session.turn() as connection:
            if self._filing_in not in (None, connection):
                # The turn went with the connection it was taken on, and another courier may file.
                raise OperationalError("the turn to file was lost")
            with connection.transaction():
                self._records.add(connection, records, contracts, expensed or {})
                inbox.drop(connection, lines, runs)

    def counts(self, destination: str) -> Counts:
        """See `Outbox`."""
        # In this order nothing that is filed in between is missed.
        journal = self._inbox.waiting()
        states, held, oldest = self._records.counts(destination)
        return Counts(states=states, held=held, journal=journal, oldest=oldest)

    def transaction(self, connection: Connection[Any]) -> Transaction:
        """Return what writes lines through a connection of the user's, in its transaction.

        Raises:
            psycopg.Error: The outbox's own connection can't be had now.
        """
        # An agent waits here, and a courier may have the connection for half a minute.
        if self._place is None or self._session.owners.pending:
            with self._session.turn() as own:
                self._place = schema.place(own)
        where, outbox = self._place
        return Transaction(connection, schema=where, outbox=outbox)

    def for_child(self) -> PostgresOutbox:
        """See `Outbox`."""
        return PostgresOutbox(self._dsn)

    def close(self) -> None:
        """See `Outbox`."""
        self._inline.close()
        self._session.close()

    @property
    def _records(self) -> Records:
        return self._kept

    def _take_turn(self) -> Connection[Any] | None:
        with self._session.turn() as connection:
            row = connection.execute(_TAKE_TURN.encode()).fetchone()
            return connection if row is not None and row[0] is not None else None

    def _end_turn(self) -> None:
        taken, self._filing_in = self._filing_in, None
        if taken is None:
            return
        with self._session.turn() as connection:
            # With a broken connection the turn has ended already.
            if connection is taken:
                connection.execute(_END_TURN.encode())
