"""A bare SQLite insert, as little as can be done to keep a record through a crash."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from keito.billing import MemoryOutbox, Recorder, Target
from keito.billing.outbox.port import Line

TARGET = Target(project_id="prj_acme_support", task_id="tsk_agent_run")


class BareJournal:
    """One file in WAL mode, one connection, one insert for each commit."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS journal "
            "(id INTEGER PRIMARY KEY, run TEXT, kind TEXT, at INTEGER, owner TEXT, body TEXT)"
        )

    def add(self, line: Line) -> None:
        """Insert a line."""
        self._connection.execute(
            "INSERT INTO journal (run, kind, at, owner, body) VALUES (?, ?, ?, ?, ?)", line[:5]
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def lines_of_a_run() -> tuple[Line, Line]:
    """The two lines that our recorder writes for a run, to write the same bytes without it."""
    outbox = _Seen()
    recorder = Recorder(outbox=outbox, courier="external", target=TARGET)
    recorder.start("agent").finish()
    recorder.close(0)
    start, finish = (line for line in outbox.lines if line.kind in ("start", "finish"))
    return start, finish


class _Seen(MemoryOutbox):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []

    def append(self, lines: Sequence[Line], *, wait: float | None = None) -> None:
        """Keep them to be looked at too."""
        self.lines += lines
        super().append(lines, wait=wait)
