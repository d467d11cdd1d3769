"""What has to happen when the process ends or is forked."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import runs_by_key
from ._guard import kept, refused

if TYPE_CHECKING:
    from .recorder import Recorder

# Seconds to let go of files, once nothing more is delivered.
_LAST_STEPS = 0.1

# Finalizers with a lower priority come later.
_LAST = -1000

_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()


def enter(recorder: Recorder) -> None:
    """Have a recorder closed at exit, and set up anew in a forked child."""
    _recorders.add(recorder)


def close_with_process() -> None:
    """Have recorders closed also in a child of `multiprocessing`, which runs no exit handlers."""
    # Loaded already in such a child, and of no use to any other process.
    process = sys.modules.get("multiprocessing.process")
    if process is None or process.parent_process() is None:
        return
    from multiprocessing import util

    # It counts in this process only, and comes after the child's own finalizers.
    util.Finalize(None, close_all, exitpriority=_LAST)


def close_all() -> None:
    """Close all recorders, for a limited time."""
    _in_time(lambda recorder, timeout: recorder.close(timeout))


def flush_all() -> None:
    """Deliver what all recorders have, for a limited time."""
    _in_time(lambda recorder, timeout: recorder.flush(timeout))


def _in_time(action: Callable[[Recorder, float], object]) -> None:
    """Do this to all, from a thread: a file that others have locked could hold us up."""
    recorders = list(_recorders)
    end = time.monotonic() + max((r.exit_timeout for r in recorders), default=0.0)

    def work() -> None:
        for recorder in recorders:
            action(recorder, max(0.0, end - time.monotonic()))

    thread = threading.Thread(target=work, name="keito-exit", daemon=True)
    if not recorders or refused(thread.start) is not None:
        work()
        return
    thread.join(max(0.0, end - time.monotonic()) + _LAST_STEPS)


def _after_fork_in_child() -> None:
    runs_by_key.forget_all()
    for recorder in list(_recorders):
        kept("setting up after a fork", recorder.begin_child_process, None)


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
