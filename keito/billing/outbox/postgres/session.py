"""A connection that is opened when it is needed, and again after it broke."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from psycopg import Connection
from psycopg.adapt import Buffer, Dumper
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ...waits import monotonic
from . import schema
from .owners import Owners

# What a connection string does not say. A machine that is gone, or a network that swallows
# everything, must be noticed within seconds: without these it takes hours.
_DEFAULTS = {
    "application_name": "keito",
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
# The same for the server's side, which otherwise would take a dead machine's locks for signs of
# life; and whatever the database's own defaults are, what is acknowledged is on its disk.
_SETTINGS = b"""
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;
SET idle_session_timeout = 0;
SET idle_in_transaction_session_timeout = '60s';
SET default_transaction_isolation = 'read committed';
SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off';
"""
_STATEMENT = 30.0


class Text(Dumper):
    """Text as PostgreSQL can hold it: NUL and halves of characters are not among that."""

    oid = 25

    def dump(self, obj: str) -> Buffer:
        """Return the bytes."""
        return plain(obj)


def plain(text: str) -> bytes:
    """Return text as PostgreSQL can hold it."""
    return text.replace("\0", "\ufffd").encode("utf-8", "backslashreplace")


def connect(dsn: str, *, statement: float = _STATEMENT) -> Connection[Any]:
    """Open a connection whose every statement commits by itself.

    Args:
        dsn: As libpq takes it; an URL, too.
        statement: Seconds that a statement may take.

    Raises:
        psycopg.Error: There is none to be had now.
    """
    said = conninfo_to_dict(dsn)
    given = {**_DEFAULTS, **{name: str(value) for name, value in said.items()}}
    given["client_encoding"] = "utf8"
    connection = Connection.connect(make_conninfo(**given), autocommit=True)
    with ExitStack() as otherwise:
        otherwise.callback(connection.close)
        connection.adapters.register_dumper(str, Text)
        connection.execute(_SETTINGS)
        connection.execute(f"SET statement_timeout = {int(statement * 1000)}".encode())
        otherwise.pop_all()
    return connection


def close_with(owner: object, connection: Connection[Any]) -> None:
    """Close a connection when its owner is dropped, in case nobody has closed it by then."""
    weakref.finalize(owner, _close, connection, os.getpid()).atexit = False


def _close(connection: Connection[Any], process: int) -> None:
    # A forked child that closed it would end its parent's session with the server.
    if os.getpid() == process:
        connection.close()


class Session:
    """One connection; its lock makes the threads of a process take turns.

    Attributes:
        owners: Who is shown to live on it.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._lock = threading.RLock()
        self._connection: Connection[Any] | None = None
        self.owners = Owners()
        self._zero: float | None = None

    @property
    def ahead(self) -> int:
        """By how many whole seconds the database's clock is ahead of this machine's.

        What is less than one, a courier's margins cover.
        """
        # Between two looks at the database's, a clock that is never set stands in for it.
        return 0 if self._zero is None else round(self._zero + monotonic() - time.time())

    @contextmanager
    def turn(self) -> Iterator[Connection[Any]]:
        """Have the connection to oneself, for the time of a block.

        Raises:
            psycopg.Error: There is none to be had now.
        """
        with self._lock:
            if self._connection is None or self._connection.closed:
                self._connection = self._opened()
            if self.owners.pending:
                self._ahead_of_us(self._connection)
                self.owners.show(self._connection)
            yield self._connection

    def close(self) -> None:
        """Close the connection; the next turn opens another."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _opened(self) -> Connection[Any]:
        connection = connect(self._dsn)
        with ExitStack() as otherwise:
            otherwise.callback(connection.close)
            schema.bring_up_to_date(connection)
            self._ahead_of_us(connection)
            otherwise.pop_all()
        self.owners.start_again()
        close_with(self, connection)
        return connection

    def _ahead_of_us(self, connection: Connection[Any]) -> None:
        before = monotonic()
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        assert row is not None
        self._zero = row[0] - (before + monotonic()) / 2
