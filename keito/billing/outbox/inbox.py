"""The journal's file: recorders only append here, so that nothing ever makes them wait.

It is a file of its own because a full sync of the records, behind a lock of theirs, would cost the
agent milliseconds.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from .. import _forks
from .._guard import refused
from ..patience import at_once
from . import journal_table
from .database import (
    BUSY,
    NORMAL,
    close_with,
    connect,
    identity,
    patiently,
    proven,
    readable,
    set_aside,
)
from .line import ARRIVING, SINGLE, Line

_INSERT = "INSERT INTO journal (run, kind, at, owner, body) VALUES (?, ?, ?, ?, ?)"
_ARRIVING, _SINGLE = repr(ARRIVING), repr(SINGLE)
_EMPTY = "INSERT INTO journal (run, kind, at, owner, body) VALUES ('', '', 0, '', '')"
_LINE = "SELECT run, kind, at, owner, body, id FROM journal"
# So many lines may be in the log before a background thread moves them into the file.
_TIDY_AFTER = 2000
# Seconds until an agent that found the file busy looks again; it doubles up to the second.
_LOOK_AGAIN = 0.00005
_LOOK_AGAIN_MOST = 0.001
# Seconds after which a recorder looks again whether the file is still there. What is written to a
# file that was deleted meanwhile is not lost: all it holds is moved when that is noticed.
_LOOK = 0.05
# So many lines are dropped by one statement, which makes recorders wait for microseconds only.
_AT_ONCE = 100

T = TypeVar("T")


class Inbox:
    """Two connections to one file: one for recording, which never waits long, one for the rest.

    Args:
        path: The file.
        opening: Seconds to wait for others that have it locked, while it is opened.
    """

    def __init__(self, path: Path, *, opening: float) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._behind, self._inline = patiently(lambda: _connections(path), opening)
        # One damaged line must not make all the others unreadable. With what this puts in place of
        # its bytes it is no JSON any more, and is parked as what can't be read.
        self._behind.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
        close_with(self, self._behind, self._inline)
        self._inline.execute("PRAGMA busy_timeout=0")
        # One for all lines: a connection's own `execute` makes a new one each time.
        self._cursor = self._inline.cursor()
        self._behind_lock = _forks.lock()
        self._inline_lock = _forks.lock()
        self._since_tidy = 0
        self.damaged = False
        self._identity = identity(path)
        self._look_at = 0.0

    @property
    def lost(self) -> bool:
        """Whether the file was deleted: what is written to it then goes with this process."""
        return self.damaged or identity(self._path) != self._identity

    def append(self, line: Line, *, wait: float | None) -> None:
        """Add a line, within `wait` seconds or as long as it takes."""
        if wait is None:
            self._write(_INSERT, line[:5])
            return
        if time.monotonic() >= self._look_at:
            self._look()
        turn = self._inline_lock
        # The handler of a signal may raise (KeyboardInterrupt) just when the lock was taken, and
        # nobody would ever let go of it: so it is taken inside, and let go of first of all.
        try:
            if not turn.acquire(False) and not turn.acquire(timeout=wait):
                raise TimeoutError("another thread is recording")
            self._cursor.execute(_INSERT, line[:5])
        except sqlite3.OperationalError:
            self._insist(line, end=time.monotonic() + wait)
        finally:
            try:  # noqa: SIM105 - nothing may be called before
                turn.release()
            except RuntimeError:
                pass  # it was not taken

    def show(self, owner: str, *, seen: float, until: float, wait: float = BUSY) -> None:
        """Note a sign of life. It goes to the disk, and every line before it does as well.

        Args:
            owner: Whose sign it is.
            seen: When it was given, in seconds since 1970.
            until: Until when it counts.
            wait: Seconds to wait for others that are writing.
        """
        self._write("REPLACE INTO owners VALUES (?, ?, ?)", (owner, seen, until), wait)
        self._sync()

    def shown(self, owner: str) -> tuple[float, float]:
        """Return when an owner was last seen, and until when it asked to count as alive."""
        rows = self._rows("SELECT seen, until FROM owners WHERE owner = ?", (owner,))
        return (rows[0][0], rows[0][1]) if rows else (0.0, 0.0)

    def forget(self, owner: str) -> None:
        """Drop an owner's signs of life, unless a run of its is still here."""
        if not self._rows("SELECT 1 FROM journal WHERE owner = ? LIMIT 1", (owner,)):
            self._write("DELETE FROM owners WHERE owner = ?", (owner,))

    def finished(self, limit: int) -> list[Line]:
        """List what is to be filed, with the starts of the runs it belongs to."""
        found = self._lines(f"WHERE kind IN {_ARRIVING} ORDER BY id LIMIT ?", (limit,))
        starts: list[Line] = []
        for runs in _portions(sorted({line.run for line in found if line.kind == "finish"})):
            starts += self._lines(f"WHERE kind = 'start' AND run IN ({_marks(runs)})", runs)
        return starts + found

    def unfinished(self) -> list[Line]:
        """List one line of each run that is not complete."""
        return self._lines(
            # Of a run that was filed when its process was taken for dead, the start is gone.
            "WHERE kind IN ('start', 'ended') "
            "AND run NOT IN (SELECT run FROM journal WHERE kind = 'finish') GROUP BY run"
        )

    def of_run(self, run: str) -> list[Line]:
        """List all lines of a run, oldest first."""
        return self._lines("WHERE run = ? ORDER BY id", (run,))

    def waiting(self) -> int:
        """How many lines there are to be filed; a contract is nobody's bill."""
        query = f"SELECT count(*) FROM journal WHERE kind IN {_ARRIVING} AND kind != 'contract'"
        return int(self._rows(query)[0][0])

    def drop(self, ids: Sequence[int], runs: Collection[str]) -> None:
        """Drop lines, and the lines of runs; move the log into the file now and then."""
        found = list(ids)
        for names in _portions(list(runs)):
            # A line of its own may have come since its run was read: unfiled, it would be lost.
            query = (
                f"SELECT id FROM journal WHERE run IN ({_marks(names)}) AND kind NOT IN {_SINGLE}"
            )
            found += [row[0] for row in self._rows(query, names)]
        self._drop(found)
        self._since_tidy += len(found)
        if self._since_tidy >= _TIDY_AFTER:
            self._since_tidy = 0
            self._rows("PRAGMA wal_checkpoint(PASSIVE)")

    def drop_strays(self) -> None:
        """Drop what nobody reads: model calls that came after their run was filed, and the like."""
        strays = self._rows(
            "SELECT id FROM journal "
            "WHERE kind = '' AND id < (SELECT max(id) FROM journal) OR (kind = 'call' "
            "AND run NOT IN (SELECT run FROM journal WHERE kind = 'start'))"
        )
        self._drop([row[0] for row in strays])

    def move_to(self, other: Inbox) -> None:
        """Add all that is here to another file, and close this one.

        Another process that has this one open may do so too: filing makes one record of both.
        """
        with at_once(), _forks.whole(), self._inline_lock, self._behind_lock:
            lines = sorted(readable(self._behind, _LINE), key=lambda line: int(line[-1]))
            owners = readable(self._behind, "SELECT owner, seen, until FROM owners")
            for line in lines:
                if line[1]:
                    other._write(_INSERT, line[:5])
            for owner in owners:
                other._write("INSERT OR IGNORE INTO owners VALUES (?, ?, ?)", owner)
            self._inline.close()
            self._behind.close()

    def set_aside(self) -> bool:
        """Move a damaged file out of the way, if it is still in it; see `database.set_aside`."""
        return set_aside(self._path, self._identity)

    def close(self) -> None:
        """Close both connections."""
        # One after the other: a fork takes both in an order of its own.
        with self._inline_lock:
            self._inline.close()
        with self._behind_lock:
            self._behind.close()

    def _sync(self) -> None:
        # Not with a FULL commit: SQLite would hold its lock meanwhile, and recorders would wait.
        try:
            log = os.open(self._log, os.O_RDWR)
        except FileNotFoundError:
            return
        try:
            os.fsync(log)
        finally:
            os.close(log)

    def _drop(self, ids: list[int]) -> None:
        # No number is given twice: a process that was stopped may yet drop lines that others have
        # dropped. So the last line is dropped behind an empty one: to have SQLite remember the
        # number would have each line that is recorded write a second page.
        for some in _portions(ids):
            if self._rows("SELECT max(id) FROM journal")[0][0] in some:
                self._write(_EMPTY, ())
            self._write(f"DELETE FROM journal WHERE id IN ({_marks(some)})", some)

    def _write(self, statement: str, values: Sequence[object], wait: float = BUSY) -> None:
        # One statement, one commit, and nothing searched for: between two statements another
        # thread may run for milliseconds, and every recorder would wait for this lock meanwhile.
        patiently(lambda: self._executed(statement, values), wait)

    def _look(self) -> None:
        error = refused(self._find)
        if isinstance(error, OSError):
            raise error
        # Any other error is a detector's that lets nobody look from this thread: the recorder's own
        # threads look as well, whenever they show that it lives or file what it wrote.
        self._look_at = time.monotonic() + _LOOK

    def _find(self) -> None:
        if self.lost:
            raise FileNotFoundError("the journal's file was deleted")

    def _insist(self, line: Line, *, end: float) -> None:
        # Others write for microseconds, and SQLite itself would not look again for a millisecond.
        pause = _LOOK_AGAIN
        while True:
            time.sleep(pause)
            pause = min(2 * pause, _LOOK_AGAIN_MOST)
            try:
                self._cursor.execute(_INSERT, line[:5])
                return
            except sqlite3.OperationalError:
                if time.monotonic() >= end:
                    raise

    def _lines(self, where: str, values: Sequence[object] = ()) -> list[Line]:
        return [Line(*row) for row in self._rows(f"{_LINE} {where}", values)]

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return patiently(lambda: self._executed(query, values))

    def _executed(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._turn():
            rows: list[tuple[Any, ...]] = self._behind.execute(statement, values).fetchall()
        return rows

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Use the connection behind, and notice where that finds the file damaged."""
        with self._behind_lock:
            try:
                yield
            except sqlite3.DatabaseError as error:
                mine = identity(self._path) == self._identity
                self.damaged = self.damaged or (mine and proven(error, self._behind))
                raise


def _connections(path: Path) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    with ExitStack() as otherwise, _forks.whole():
        behind = connect(path, synchronous=NORMAL, checkpoints=False)
        otherwise.callback(behind.close)
        journal_table.make(behind)
        inline = connect(path, synchronous=NORMAL, checkpoints=False)
        otherwise.pop_all()
    return behind, inline


def _portions(values: list[T]) -> list[list[T]]:
    return [values[i : i + _AT_ONCE] for i in range(0, len(values), _AT_ONCE)]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" for _ in values)
