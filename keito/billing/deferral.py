"""Saying why what is recorded is kept in memory for now."""

from __future__ import annotations

from . import _log

_OPENING = (
    "this thread has an event loop, and a detector of blocking calls lets nobody open the outbox "
    "there (BlockingError): another thread opens it. What is recorded until then is in memory for "
    "milliseconds, and marked as deferred. recorder.status() opens it before the loop starts"
)
_WRITING = (
    "this thread has an event loop, and a detector of blocking calls lets nobody write records "
    "there (BlockingError): another thread writes each within milliseconds. Nothing waits for it; "
    "only a killed process would lose what is in memory, which is marked as deferred. To have "
    "records written at once, let blockbuster allow sqlite3.Cursor.execute, or start "
    "`langgraph dev --allow-blocking`"
)


def say(error: Exception, *, opening: bool) -> None:
    """Say why, once for each kind of reason.

    Args:
        error: What kept the line from being written.
        opening: Whether the outbox was not even open.
    """
    named = type(error).__name__
    # By name: only a program that uses a detector has it installed.
    if named == "BlockingError":
        _log.warn(f"deferred {opening}", _OPENING if opening else _WRITING)
        return
    _log.warn(
        "deferred",
        f"the outbox can't be written ({named}): what is recorded is kept in memory, would be lost "
        "with this process, and is tried again",
    )
