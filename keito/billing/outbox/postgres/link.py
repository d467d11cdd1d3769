"""A connection that never waits for longer than it is told to."""

from __future__ import annotations

import selectors
import time
from contextlib import ExitStack
from typing import Any

from psycopg import Connection, OperationalError
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

from ..line import Line
from . import schema
from .inbox import INSERT, ONCE, mark
from .session import close_with, connect, plain

_NAME = b"keito_outbox_append"
_VALUES = "$1::text, $2::text, $3::bigint, $4::text, $5::text, $6::text"
_INSERT = INSERT.format(journal="keito_outbox_journal", values=_VALUES) + ONCE
# What the server may take for a line nobody waits for any more: behind a table that is locked.
_STATEMENT = 5.0


class Link:
    """Adds lines to the journal; one at a time, by one thread at a time.

    psycopg's own calls wait for as long as an answer takes, so this sends and receives itself.

    Raises:
        psycopg.Error: The server can't be reached, or refuses us.
    """

    def __init__(self, dsn: str) -> None:
        with ExitStack() as otherwise:
            self._connection: Connection[Any] = connect(dsn, statement=_STATEMENT)
            otherwise.callback(self._connection.close)
            schema.bring_up_to_date(self._connection)
            self._line = self._connection.pgconn
            _check(self._line.prepare(_NAME, _INSERT.encode()))
            self._selector = selectors.DefaultSelector()
            self._selector.register(self._line.socket, selectors.EVENT_READ)
            otherwise.pop_all()
        close_with(self, self._connection)
        self._unanswered = False

    @property
    def usable(self) -> bool:
        """Whether the connection is still there, as far as is known."""
        return self._line.status == ConnStatus.OK

    def append(self, line: Line, *, end: float) -> None:
        """Add a line, before `time.monotonic()` is `end`.

        Raises:
            TimeoutError: No answer has come by then; the line may be there all the same.
            psycopg.Error: The connection broke, or the line is refused.
        """
        if self._unanswered and not self._answered(end):
            raise TimeoutError("an earlier line is still being written")
        at = str(line.at).encode()
        run, kind, owner, body = (plain(t) for t in (line.run, line.kind, line.owner, line.body))
        self._line.send_query_prepared(_NAME, [run, kind, at, owner, body, mark(line).encode()])
        self._unanswered = True
        if not self._answered(end):
            raise TimeoutError("the database takes longer")

    def close(self) -> None:
        """Close the connection."""
        self._selector.close()
        self._connection.close()

    def _answered(self, end: float) -> bool:
        unsent = bool(self._line.flush())
        while unsent or self._line.is_busy():
            if not self._ready(end - time.monotonic(), writing=unsent):
                return False
            self._line.consume_input()
            unsent = unsent and bool(self._line.flush())
        self._unanswered = False
        answers = []
        while (answer := self._line.get_result()) is not None:
            answers.append(answer)
        for answer in answers:
            _check(answer)
        return True

    def _ready(self, timeout: float, *, writing: bool) -> bool:
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
        self._selector.modify(self._line.socket, wanted)
        return bool(self._selector.select(max(0.0, timeout)))


def _check(answer: PGresult) -> None:
    if answer.status != ExecStatus.COMMAND_OK:
        raise OperationalError(answer.error_message.decode("utf-8", "replace"))
