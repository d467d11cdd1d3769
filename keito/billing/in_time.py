"""What a database can hold up for ever, done for as long as there is time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from ._guard import refused

T = TypeVar("T")

# Seconds for the last steps of what has used up its time.
_GRACE = 1.0


def in_time(work: Callable[[], T], end: float, otherwise: Callable[[], T]) -> T:
    """Do it in a thread, which goes on with it when the time is over.

    Args:
        work: What may take longer.
        end: When the time is over, as `time.monotonic()` tells it.
        otherwise: Returns what is the answer then.
    """
    done: list[T] = []
    context = copy_context()
    thread = threading.Thread(
        target=lambda: done.append(context.run(work)), name="keito-in-time", daemon=True
    )
    # An interpreter that shuts down starts no threads.
    if refused(thread.start) is not None:
        return work()
    thread.join(max(0.0, end - time.monotonic()) + _GRACE)
    return done[0] if done else otherwise()
