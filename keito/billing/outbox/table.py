"""The table of records: its columns, long questions, and what a file of an earlier version gets."""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from typing import Any

from .record import Record

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    key TEXT PRIMARY KEY,
    run TEXT NOT NULL,
    kind TEXT NOT NULL,
    destination TEXT NOT NULL,
    state TEXT NOT NULL,
    payload TEXT NOT NULL,
    project TEXT NOT NULL,
    day TEXT NOT NULL,
    work TEXT NOT NULL,
    charged INTEGER NOT NULL,
    held INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    owner TEXT NOT NULL,
    made REAL NOT NULL,
    since REAL NOT NULL,
    lease REAL NOT NULL,
    absent REAL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    remote TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS records_by_state ON records (destination, state, made);
CREATE INDEX IF NOT EXISTS records_by_run ON records (run);
CREATE INDEX IF NOT EXISTS records_by_work ON records (work) WHERE work != '';
CREATE TABLE IF NOT EXISTS contracts (id TEXT PRIMARY KEY, body TEXT NOT NULL);
"""
# What came after the first version, so that a file of any version is brought up to date.
_NEWER = {
    "cost": "TEXT NOT NULL DEFAULT ''",
    "facts": "TEXT NOT NULL DEFAULT ''",
    "after": "TEXT NOT NULL DEFAULT ''",
    "tally": "TEXT NOT NULL DEFAULT ''",
    "amount": "INTEGER NOT NULL DEFAULT 0",
    "expense": "TEXT NOT NULL DEFAULT ''",
    "echo": "TEXT NOT NULL DEFAULT ''",
    "contract": "TEXT NOT NULL DEFAULT ''",
    "epoch": "REAL",
}
_NEWER_INDEXES = (
    "CREATE INDEX IF NOT EXISTS records_by_tally ON records (tally) WHERE tally != ''",
    "CREATE INDEX IF NOT EXISTS records_by_after ON records (after) WHERE after != ''",
    "CREATE INDEX IF NOT EXISTS records_by_expense ON records (expense) WHERE expense = 'due'",
)
_COLUMNS = tuple(field.name for field in fields(Record))
SELECT = f"SELECT {', '.join(_COLUMNS)} FROM records"
_INTO = f"INTO records ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' for _ in _COLUMNS)})"
INSERT = f"INSERT OR IGNORE {_INTO}"
INSERT_NEW = f"INSERT {_INTO}"
_TO_SEND = "('READY', 'SENDING', 'AMBIGUOUS')"
MAY_GO = f"""
after = '' OR EXISTS (
    SELECT 1 FROM records AS base WHERE base.key = records.after AND base.state = 'DONE'
) AND NOT EXISTS (
    SELECT 1 FROM records AS older WHERE older.after = records.after
    AND older.state IN {_TO_SEND} AND (older.made, older.key) < (records.made, records.key)
)
"""
# The last cost knows what less than a cent is carried on.
PRUNE = """
DELETE FROM records WHERE state = 'DONE' AND since < :before AND expense != 'due' AND kind != 'cost'
AND NOT EXISTS (
    SELECT 1 FROM records AS needed WHERE needed.run = records.run AND needed.run != ''
    AND (needed.since >= :before OR needed.expense = 'due' OR needed.state != 'DONE')
    AND needed.state != 'DROPPED'
)
"""


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Make the tables, or add to them what is new."""
    connection.executescript(_SCHEMA)
    # Under the lock: another process may be opening the same old file.
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        known = {name for _, name, *_ in connection.execute("PRAGMA table_info(records)")}
        for name, kind in _NEWER.items():
            if name not in known:
                connection.execute(f"ALTER TABLE records ADD COLUMN {name} {kind}")
        for index in _NEWER_INDEXES:
            connection.execute(index)


def record_of(row: tuple[Any, ...]) -> Record:
    """Return the record that a row of `SELECT` is."""
    values = dict(zip(_COLUMNS, row, strict=True))
    values.update(charged=bool(values["charged"]), held=bool(values["held"]))
    return Record(**values)
