"""Writing the journal: at once where that takes microseconds, otherwise from a thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from . import _log
from ._guard import kept, refused
from .outbox.line import Line
from .outbox.port import Outbox
from .timing import Timing

RETRY_MOST = 5.0


class Journal:
    """Adds lines to an outbox, and keeps in memory what it can't add yet.

    Its thread also calls `tick`, which returns after how many seconds it wants to be called again.
    """

    def __init__(
        self,
        open_outbox: Callable[[], Outbox],
        *,
        timing: Timing,
        tick: Callable[[], float | None],
        added: Callable[[], None],
    ) -> None:
        self._open_outbox = open_outbox
        self._timing = timing
        self._tick = tick
        self._added = added
        self._waiting: deque[Line] = deque()
        self._soon: deque[Callable[[], Line | None]] = deque()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self.deferred = 0

    @property
    def waiting(self) -> int:
        """How many lines are in memory only."""
        return len(self._waiting)

    def add(self, line: Line) -> None:
        """Add a line before this returns, or keep it for the thread if it can't be added now."""
        # Behind a waiting line even a possible write waits, so that no run ends before it starts.
        if self._waiting:
            self._defer(line)
            return
        error = refused(lambda: self._open_outbox().append([line], wait=self._timing.inline))
        if error is None:
            self._start_thread()
            return
        _log.warn(
            "deferred",
            f"the outbox can't be written ({type(error).__name__}): what is recorded is kept in "
            "memory, would be lost with this process, and is tried again",
        )
        self._defer(line)

    def soon(self, line: Callable[[], Line | None]) -> None:
        """Add a line from the thread; it is asked for then, and may no longer be wanted."""
        self._soon.append(line)
        self._start_thread()
        self.wake()

    def wake(self) -> None:
        """Have the thread look now."""
        if not self._wake.is_set():
            self._wake.set()

    def drain(self, timeout: float) -> int:
        """Write what waits, for so long at most; how many lines are left."""
        end = time.monotonic() + timeout
        while not self._write_all() and time.monotonic() < end:
            time.sleep(min(0.01, timeout))
        return self.waiting

    def close(self) -> None:
        """Stop the thread."""
        self._closing.set()
        self.wake()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(1.0)

    def _defer(self, line: Line) -> None:
        self.deferred += 1
        # The mark stays with the record: its times are right, but it was at risk until written.
        self._waiting.append(line._replace(body=line.body[:-1] + ',"deferred":true}'))
        self._start_thread()
        self.wake()

    def _start_thread(self) -> None:
        if self._thread is not None or self._closing.is_set():
            return
        self._thread = threading.Thread(target=self._work, name="keito-journal", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        pause = self._timing.journal
        while not self._closing.is_set():
            wanted = kept("keeping the journal", self._tick, None)
            written = self._write_all()
            pause = self._timing.journal if written else min(pause * 2, RETRY_MOST)
            if not written:
                self._closing.wait(pause)
                continue
            self._wake.wait(wanted)
            self._wake.clear()
            # One wake-up then serves all the calls that end within this time.
            self._closing.wait(self._timing.journal)

    def _write_all(self) -> bool:
        with self._writing:
            made = [
                kept("writing a model call", self._soon.popleft(), None) for _ in _all(self._soon)
            ]
            lines = [line for line in made if line is not None]
            waiting = list(self._waiting)
            if not waiting and not lines:
                return True
            error = refused(lambda: self._open_outbox().append([*waiting, *lines]))
            if error is not None:
                # Model calls only matter if this process dies; the run's end holds them all.
                return False
            for _ in waiting:
                self._waiting.popleft()
        if waiting:
            self._added()
        return True


def _all(queue: deque[Callable[[], Line | None]]) -> range:
    return range(len(queue))
