"""How long this thread may wait for others, where its caller has said so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

_end: ContextVar[float | None] = ContextVar("keito_patience", default=None)


@contextmanager
def until(end: float) -> Iterator[None]:
    """Have nothing in this block wait for others beyond that moment of `time.monotonic()`."""
    before = _end.get()
    try:
        _end.set(end if before is None else min(before, end))
        yield
    finally:
        _end.set(before)


def at_once() -> AbstractContextManager[None]:
    """Have nothing in this block wait for others: what it holds, a fork waits for."""
    return until(time.monotonic())


def at_most(seconds: float) -> float:
    """Return for how many seconds something may wait that otherwise waits so long."""
    end = _end.get()
    return seconds if end is None else max(0.0, min(seconds, end - time.monotonic()))
