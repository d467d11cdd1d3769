"""The file that keeps a sandbox's state across restarts: SQLite, one row per record."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from .table import Record
from .wire import decode, encode

# "Keit" in ASCII: how a file of the sandbox is told from any other SQLite file.
_APPLICATION_ID = 0x4B656974
_LAYOUT = """
CREATE TABLE record (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (kind, id));
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class DataFileError(Exception):
    """The file can't be used; the message names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file held."""

    records: list[Record]
    ids: int
    writes: int


class DataFile:
    """A sandbox's file. Each call is one transaction, so a crash leaves all of it or nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._open()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def load(self, kinds: Iterable[type]) -> Loaded:
        """Read everything.

        Raises:
            DataFileError: Something in the file can't be read.
        """
        readers: dict[str, TypeAdapter[Any]] = {kind.__name__: TypeAdapter(kind) for kind in kinds}
        try:
            rows = self._database.execute("SELECT kind, body FROM record ORDER BY rowid").fetchall()
            counters = dict(self._database.execute("SELECT name, value FROM counter"))
            records = [readers[kind].validate_python(decode(body.encode())) for kind, body in rows]
        except (sqlite3.Error, ValidationError, ValueError, KeyError) as error:
            self.close()
            raise self._unusable(error) from error
        return Loaded(records, counters.get("ids", 0), counters.get("writes", 0))

    def save(self, records: Iterable[Record], *, ids: int, writes: int) -> None:
        """Add or replace records, in one transaction."""
        with self._database as database:
            database.executemany(
                "INSERT INTO record (kind, id, body) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                [(type(record).__name__, record.id, encode(record).decode()) for record in records],
            )
            self._count(ids=ids, writes=writes)

    def delete(self, record: Record, *, ids: int, writes: int) -> None:
        """Take a record out."""
        with self._database as database:
            database.execute(
                "DELETE FROM record WHERE kind = ? AND id = ?", (type(record).__name__, record.id)
            )
            self._count(ids=ids, writes=writes)

    def clear(self) -> None:
        """Take everything out."""
        with self._database as database:
            database.execute("DELETE FROM record")
            database.execute("DELETE FROM counter")

    def close(self) -> None:
        """Close the file; another sandbox may then use it."""
        self._database.close()

    def _count(self, **counters: int) -> None:
        # Without them a restarted sandbox with a seed would give out the same ids again.
        self._database.executemany(
            "INSERT OR REPLACE INTO counter (name, value) VALUES (?, ?)", counters.items()
        )

    def _open(self) -> None:
        # Another sandbox holds its file for as long as it runs, so waiting for it is in vain.
        self._database = sqlite3.connect(self._path, timeout=0.1, check_same_thread=False)
        try:
            self._prepare()
        except (sqlite3.Error, DataFileError):
            self.close()
            raise

    def _prepare(self) -> None:
        # Exclusive, because a second sandbox on the same file would overwrite what this one keeps
        # in memory.
        self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._database.execute("PRAGMA synchronous = NORMAL")
        with closing(self._database.execute("SELECT count(*) FROM sqlite_master")) as found:
            is_new = found.fetchone() == (0,)
        if is_new:
            self._database.executescript(
                f"BEGIN EXCLUSIVE; PRAGMA application_id = {_APPLICATION_ID}; {_LAYOUT} COMMIT;"
            )
        with closing(self._database.execute("PRAGMA application_id")) as found:
            if found.fetchone() != (_APPLICATION_ID,):
                raise DataFileError(f"{self._path} is not a file of `keito sandbox`")
        self._database.execute("BEGIN EXCLUSIVE").connection.commit()

    def _unusable(self, error: Exception) -> DataFileError:
        if "locked" in str(error):
            return DataFileError(f"{self._path} is in use by another sandbox")
        reason = str(error).splitlines()[0]
        return DataFileError(
            f"{self._path} can't be read as a sandbox's data ({reason}); "
            "move it away to start with a new one"
        )
