"""Lines that are written through a connection of the user's own, in its transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, Cursor, InterfaceError
from psycopg.pq import PipelineStatus, TransactionStatus

from ..line import Line
from .inbox import INSERT, mark
from .session import plain

_VALUES = "%s::text, %s::text, %s::bigint, %s::text, %s::text, %s::text"


class Transaction:
    """Whatever transaction the connection is in; what it is doing is never harmed.

    Args:
        connection: The user's.
        schema: Where the journal is, quoted: the connection may look elsewhere by itself.
        outbox: The outbox's id, by which another database is told from the outbox's own.
    """

    def __init__(self, connection: Connection[Any], *, schema: str, outbox: str) -> None:
        self._connection = connection
        self._outbox = outbox
        insert = INSERT.format(journal=f"{schema}.keito_outbox_journal", values=_VALUES)
        self._insert = f"{insert} FROM {schema}.keito_outbox_version WHERE id = %s".encode()

    @property
    def lost(self) -> bool:
        """Whether it can't commit any more."""
        status = self._connection.info.transaction_status
        return status in (TransactionStatus.INERROR, TransactionStatus.UNKNOWN)

    def append(self, line: Line) -> None:
        """Write a line.

        Raises:
            psycopg.Error: It can't be written; the transaction goes on as before.
            LookupError: The connection is to another database.
        """
        texts = [plain(text).decode() for text in (line.run, line.kind, line.owner, line.body)]
        run, kind, owner, body = texts
        # Not the connection's own kind of cursor, which may read these parameters differently.
        cursor = Cursor(self._connection)
        with self._protected(cursor):
            cursor.execute(
                self._insert, (run, kind, line.at, owner, body, mark(line), self._outbox)
            )
            if cursor.rowcount != 1:
                raise LookupError("the connection is to another database")

    @contextmanager
    def _protected(self, cursor: Cursor[Any]) -> Iterator[None]:
        connection = self._connection
        if connection.pgconn.pipeline_status != PipelineStatus.OFF:
            raise InterfaceError("in a pipeline an error of ours would end the user's work")
        idle = connection.info.transaction_status == TransactionStatus.IDLE
        if idle and connection.autocommit:
            yield
            return
        cursor.execute(b"SAVEPOINT keito_outbox")
        try:
            yield
        except BaseException:
            cursor.execute(b"ROLLBACK TO SAVEPOINT keito_outbox")
            raise
        finally:
            if not self.lost:
                cursor.execute(b"RELEASE SAVEPOINT keito_outbox")
