"""Delivering when the process is told to end, where its program asks for that."""

from __future__ import annotations

import os
import signal
from types import FrameType

from . import _exit, _log


def flush_on_sigterm() -> None:
    """Deliver what is recorded when SIGTERM comes, for as long as `Timing.exit` at most.

    By default SIGTERM ends a Python process at once: nothing is lost by that, what is recorded is
    delivered by the next process. Call this where there may be none, as in a pod that is scaled
    down. Then whatever handled the signal before does so, and the process ends with the same
    status. Call it after your server or worker has installed its own handler, in the main thread.

    Raises:
        ValueError: This is not the main thread.
    """
    previous = signal.getsignal(signal.SIGTERM)
    if isinstance(previous, _Flush):
        return
    if previous is None:
        _log.warn("sigterm", "SIGTERM is not handled by Python: it can't be told to deliver first")
        return
    signal.signal(signal.SIGTERM, _Flush(previous))


class _Flush:
    """The handler; it knows the one it was put before."""

    def __init__(self, previous: signal._HANDLER) -> None:
        self._previous = previous

    def __call__(self, number: int, frame: FrameType | None) -> None:
        ends = self._previous is signal.SIG_DFL
        # In a thread, and for a limited time: the code that was interrupted may hold our locks.
        _exit.close_all() if ends else _exit.flush_all()
        if callable(self._previous):
            self._previous(number, frame)
        elif ends:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            # Only the first process of a container is still here: the system lets nothing end it
            # that it does not handle. It would go on, its runs closed, until it is killed.
            os._exit(128 + number)
