"""Opening SQLite files the way an outbox needs them."""

from __future__ import annotations

import os
import sqlite3
import weakref
from contextlib import ExitStack
from pathlib import Path

# A commit is then in the file before the call returns, and a killed process loses nothing. What a
# power cut can take is bounded by the courier's full syncs.
NORMAL = "NORMAL"
# A commit is then on the disk before the call returns.
FULL = "FULL"

BUSY = 5.0


def connect(
    path: Path, *, synchronous: str, wait: float = BUSY, checkpoints: bool = True
) -> sqlite3.Connection:
    """Open a file that only its owner can read; every statement commits by itself.

    Args:
        path: The file; it and its folder are made if need be.
        synchronous: `NORMAL` or `FULL`.
        wait: Seconds to wait for another process that is writing.
        checkpoints: Whether SQLite may interrupt a commit to tidy the log up.
    """
    _make_private(path)
    connection = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=False)
    with ExitStack() as otherwise:
        otherwise.callback(connection.close)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        if not checkpoints:
            connection.execute("PRAGMA wal_autocheckpoint=0")
        otherwise.pop_all()
    return connection


def _make_private(path: Path) -> None:
    # SQLite gives its -wal and -shm files the mode of the file they belong to.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def close_with(owner: object, *connections: sqlite3.Connection) -> None:
    """Close connections when their owner is dropped, in case nobody has closed them by then.

    A recorder that is given no time to close leaves its outbox to a thread that ends later.
    """
    for connection in connections:
        weakref.finalize(owner, connection.close).atexit = False
