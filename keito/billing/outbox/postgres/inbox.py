"""The journal's table, as couriers and background threads use it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Any

from psycopg import Connection

from ..line import ARRIVING, SINGLE, Line
from . import owners
from .session import Session, plain

# A run has one of each. A `finish` says whether it was late to be written, and is the same line.
_ONCE = ("start", "ended", "finish")
# So long a line may wait for the start of its run, which a transaction of the user's may hold back.
_STRAYING = "1 day"
_LINE = "SELECT run, kind, at, owner, body, id FROM keito_outbox_journal AS line"
# A start that is not here is in a transaction that may yet commit, was rolled back, or is filed.
_FILEABLE = """
kind = ANY(%(arriving)s) AND (
    kind NOT IN ('finish', 'late')
    OR EXISTS (SELECT FROM keito_outbox_journal WHERE run = line.run AND kind = 'start')
    OR EXISTS (SELECT FROM keito_outbox_records WHERE run = line.run AND kind = 'run')
)
"""
_DROP_STRAYS = f"""
DELETE FROM keito_outbox_journal AS line
WHERE kind IN ('call', 'ended', 'finish', 'late')
AND NOT EXISTS (SELECT FROM keito_outbox_journal WHERE run = line.run AND kind = 'start')
AND (written < now() - interval '{_STRAYING}' OR kind = 'call' AND EXISTS (
    SELECT FROM keito_outbox_records WHERE run = line.run AND kind = 'run'
))
"""
# Of a run that was filed when its process was taken for dead, the start is gone.
_UNFINISHED = """
SELECT DISTINCT run, owner FROM keito_outbox_journal AS line
WHERE (kind = 'start' OR kind = 'ended' AND EXISTS (
    SELECT FROM keito_outbox_records WHERE run = line.run AND kind = 'run'
)) AND NOT EXISTS (SELECT FROM keito_outbox_journal WHERE run = line.run AND kind = 'finish')
"""

INSERT = """
INSERT INTO {journal} (run, kind, at, owner, body, mark)
SELECT {values}
"""
ONCE = "ON CONFLICT (run, kind, at, owner, mark) DO NOTHING"


def mark(line: Line) -> str:
    """Return what tells a line from others that its run's recorder wrote at the same time.

    With it a line whose answer was lost can be written again, and is there once.
    """
    if line.kind in _ONCE:
        return ""
    return hashlib.sha256(plain(line.body)).hexdigest()[:32]


class Inbox:
    """What the journal and its owners are asked."""

    def __init__(self, session: Session) -> None:
        self._session = session
        values = "%s::text, %s::text, %s::bigint, %s::text, %s::text, %s::text"
        self._insert = INSERT.format(journal="keito_outbox_journal", values=values) + ONCE

    def append(self, line: Line) -> None:
        """Add a line, unless it is there."""
        with self._session.turn() as connection:
            connection.execute(self._insert.encode(), (*line[:5], mark(line)))

    def finished(self, limit: int) -> list[Line]:
        """List what is to be filed, with the starts of the runs it belongs to."""
        found = self._lines(
            f"{_LINE} WHERE {_FILEABLE} ORDER BY id LIMIT %(limit)s",
            {"arriving": list(ARRIVING), "limit": limit},
        )
        runs = sorted({line.run for line in found if line.kind == "finish"})
        return self._lines(f"{_LINE} WHERE kind = 'start' AND run = ANY(%s)", (runs,)) + found

    def orphans(self) -> list[list[Line]]:
        """List the lines of each unfinished run whose recorder is not alive."""
        starts = self._rows(_UNFINISHED)
        with self._session.turn() as connection:
            living = owners.living(connection, {owner for _, owner in starts})
        runs = [run for run, owner in starts if owner not in living]
        lines = self._lines(f"{_LINE} WHERE run = ANY(%s) ORDER BY run, id", (runs,))
        found = [list(group) for _, group in groupby(lines, key=lambda line: line.run)]
        return sorted(found, key=lambda lines: lines[0].id)

    def of_run(self, run: str) -> list[Line]:
        """List all lines of a run, oldest first."""
        return self._lines(f"{_LINE} WHERE run = %s ORDER BY id", (run,))

    def waiting(self) -> int:
        """How many lines there are to be filed; a contract is nobody's bill."""
        rows = self._rows(
            f"SELECT count(*) FROM keito_outbox_journal AS line WHERE {_FILEABLE} "
            "AND kind != 'contract'",
            {"arriving": list(ARRIVING)},
        )
        return int(rows[0][0])

    def drop_strays(self) -> None:
        """Drop what is left of runs that are filed, or whose start was rolled back."""
        with self._session.turn() as connection:
            connection.execute(_DROP_STRAYS.encode())

    def _lines(self, query: str, values: Sequence[object] | dict[str, object]) -> list[Line]:
        return [Line(*row) for row in self._rows(query, values)]

    def _rows(
        self, query: str, values: Sequence[object] | dict[str, object] | None = None
    ) -> list[tuple[Any, ...]]:
        with self._session.turn() as connection:
            return connection.execute(query.encode(), values).fetchall()


def drop(connection: Connection[Any], ids: Sequence[int], runs: Collection[str]) -> None:
    """Drop lines, and the lines of runs, except those that are a record of their own each."""
    connection.execute(
        "DELETE FROM keito_outbox_journal "
        "WHERE id = ANY(%s::bigint[]) OR run = ANY(%s::text[]) AND kind != ALL(%s::text[])",
        (list(ids), list(runs), list(SINGLE)),
    )
