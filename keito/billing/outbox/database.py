"""Opening SQLite files the way an outbox needs them."""

from __future__ import annotations

import functools
import os
import sqlite3
import time
import weakref
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from .. import _log
from ..patience import at_most
from . import signs

# A commit is then in the file before the call returns, and a killed process loses nothing. What a
# power cut can take is bounded by the courier's full syncs.
NORMAL = "NORMAL"
# A commit is then on the disk before the call returns.
FULL = "FULL"

BUSY = 5.0
# For so many seconds one attempt waits for others that are writing. What a fork waits for is held
# meanwhile, so whoever is more patient tries again.
ATTEMPT = 0.05
_PAUSE = 0.005

P = ParamSpec("P")
T = TypeVar("T")


def patiently(attempt: Callable[[], T], wait: float = BUSY) -> T:
    """Repeat what others keep from being done by what they have locked, for so many seconds."""
    end = time.monotonic() + at_most(wait)
    while True:
        try:
            return attempt()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= end:
                raise
        time.sleep(_PAUSE)


def patient(method: Callable[P, T]) -> Callable[P, T]:
    """Have a method that is one transaction repeated for as long as others are writing."""

    @functools.wraps(method)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> T:
        return patiently(lambda: method(*args, **kwargs))

    return repeated


def connect(
    path: Path, *, synchronous: str, wait: float = ATTEMPT, checkpoints: bool = True
) -> sqlite3.Connection:
    """Open a file that only its owner can read; every statement commits by itself.

    Args:
        path: The file; it and its folder are made if need be.
        synchronous: `NORMAL` or `FULL`.
        wait: Seconds to wait for another process that is writing.
        checkpoints: Whether SQLite may interrupt a commit to tidy the log up.
    """
    try:
        return _connect(path, synchronous, wait, checkpoints)
    except sqlite3.DatabaseError as error:
        if not damaged(error) or not set_aside(path):
            raise
    return _connect(path, synchronous, wait, checkpoints)


def identity(path: Path) -> tuple[int, int] | None:
    """Tell files apart that have had the same name; None if there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _connect(path: Path, synchronous: str, wait: float, checkpoints: bool) -> sqlite3.Connection:
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


def damaged(error: sqlite3.Error) -> bool:
    """Whether this says that the file itself is damaged."""
    # A locked or full disk is an OperationalError; of the rest only the text tells in Python 3.10.
    said = str(error)
    return "not a database" in said or "malformed" in said


def set_aside(path: Path, known: tuple[int, int] | None = None) -> bool:
    """Move a damaged file out of the way, unless another process is doing so; whether it is.

    Args:
        path: The file.
        known: The identity of the file that is known to be damaged; default: the one that can't be
            opened.
    """
    turn = path.with_name(path.name + "-live") / "moving"
    if not signs.take(turn):
        return False
    try:
        # Another process may have put a new one in its place by now.
        if not (_is_damaged(path) if known is None else identity(path) == known):
            return True
        aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        for end in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                os.rename(f"{path}{end}", f"{aside}{end}")
    finally:
        signs.let_go(turn)
    _log.warn(
        f"damaged:{path}",
        f"{path} is damaged: it was moved to {aside.name}, beside it, and a new one is begun. What "
        "it held is not delivered; see what sqlite3's .recover can save of it",
    )
    return True


def _is_damaged(path: Path) -> bool:
    try:
        _connect(path, NORMAL, ATTEMPT, True).close()
    except sqlite3.DatabaseError as error:
        return damaged(error)
    return False


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


def readable(connection: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    """Read what can be read of a table: of a damaged one, the rows around the damage.

    Args:
        connection: To the file.
        query: What is read of a row, up to its WHERE.
    """
    found: dict[tuple[Any, ...], None] = {}
    for direction in ("ASC", "DESC"):
        try:
            for row in connection.execute(f"{query} NOT INDEXED ORDER BY rowid {direction}"):
                found[tuple(row)] = None
            break
        except sqlite3.DatabaseError as error:
            if not proven(error, connection):
                raise
    return list(found)


def proven(error: sqlite3.Error, connection: sqlite3.Connection) -> bool:
    """Whether the file is damaged for good: while one is deleted, it may look so for a moment."""
    if not damaged(error):
        return False
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
    except sqlite3.DatabaseError as again:
        return damaged(again)
