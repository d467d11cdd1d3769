"""The open runs of this process by their framework's id, so that two handlers join one run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .run import Run

_lock = threading.RLock()
_open: dict[tuple[str, str], Run] = {}


def find(framework: str, key: str) -> Run | None:
    """Return the open run that was started under this id."""
    return _open.get((framework, key))


def enter(framework: str, key: str, run: Run) -> Run:
    """Note an open run; return the one to use, which another thread may just have noted."""
    with _lock:
        return _open.setdefault((framework, key), run)


def leave(framework: str, key: str, run: Run) -> None:
    """Forget a run: a framework may use its id again for the next one."""
    with _lock:
        if _open.get((framework, key)) is run:
            del _open[(framework, key)]


def forget_all() -> None:
    """Forget the runs of the process this one was forked from."""
    global _lock
    _lock = threading.RLock()
    _open.clear()
