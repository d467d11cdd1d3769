"""The journal's tables, as a file has them."""

from __future__ import annotations

import os
import sqlite3

_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    owner TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS owners (owner TEXT PRIMARY KEY, seen REAL NOT NULL, until REAL NOT NULL);
"""


def make(connection: sqlite3.Connection) -> None:
    """Make the tables, where they are not there."""
    connection.executescript(_SCHEMA)
    if connection.execute("SELECT 1 FROM journal LIMIT 1").fetchone() is None:
        _begin_anywhere(connection)


def _begin_anywhere(connection: sqlite3.Connection) -> None:
    # In the place of a file that was deleted or damaged, no line may have the number of one of its
    # lines: a process that has read those there may drop them only now.
    first = int.from_bytes(os.urandom(6), "big")
    connection.execute(
        "INSERT INTO journal (id, run, kind, at, owner, body) SELECT ?, '', '', 0, '', '' "
        "WHERE NOT EXISTS (SELECT 1 FROM journal)",
        (first,),
    )
