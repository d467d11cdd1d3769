"""Being told to stop: by Ctrl-C, or by whoever runs us as a service."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def signalled() -> Iterator[threading.Event]:
    """An event that Ctrl-C and a termination set."""
    told = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread may say what a signal does.
        yield told
        return
    before = {
        number: signal.signal(number, lambda *_: told.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
