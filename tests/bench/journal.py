"""What our recorder writes for a run, and a bare SQLite journal to write the same bytes to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from keito.billing import Recorder, Target

TARGET = Target(project_id="prj_acme_support", task_id="tsk_agent_run")
Line: TypeAlias = tuple[Any, ...]


class BareJournal:
    """The least that keeps a record through a crash: WAL, one insert for each commit."""

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
            "INSERT INTO journal (run, kind, at, owner, body) VALUES (?, ?, ?, ?, ?)", line
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def recorded(outbox: Path, kind: str) -> list[Line]:
    """The lines of one kind that recorders wrote and no courier has filed yet."""
    with closing(sqlite3.connect(outbox.with_name(f"{outbox.name}-inbox"))) as inbox:
        return inbox.execute(
            "SELECT run, kind, at, owner, body FROM journal WHERE kind = ?", (kind,)
        ).fetchall()


def lines_of_a_run() -> tuple[Line, Line]:
    """The two lines that our recorder writes for a run."""
    with TemporaryDirectory() as folder:
        outbox = Path(folder) / "outbox.db"
        recorder = Recorder(
            outbox=outbox,
            api_key="kto_sandbox_agent",
            account_id="acc_sandbox",
            base_url="http://127.0.0.1:1",
            target=TARGET,
            courier="external",
        )
        recorder.start("agent").finish()
        (start,), (finish,) = recorded(outbox, "start"), recorded(outbox, "finish")
        recorder.close(0)
    return start, finish
