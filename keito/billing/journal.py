"""Writing the journal: at once where that takes microseconds, otherwise from a thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from . import deferral
from ._forks import rest
from ._guard import kept, refused, tried, unwritten
from .bell import Bell
from .lazy_outbox import LazyOutbox
from .outbox.line import Line
from .timing import Timing
from .turn import Turn

RETRY_MOST = 5.0

# So many lines may wait until agents wait for a moment, too.
_MANY = 1000

T = TypeVar("T")

# What was recorded after the end of its recorder and could not be written yet: with it, the
# recorder must not be garbage.
_left: set[Journal] = set()


class Journal:
    """Adds lines to an outbox, and keeps in memory what it can't add yet.

    Its thread also calls `tick`, which returns after how many seconds it wants to be called again.
    """

    def __init__(
        self,
        outbox: LazyOutbox,
        *,
        timing: Timing,
        tick: Callable[[], float | None],
        added: Callable[[], None],
    ) -> None:
        self._outbox = outbox
        self._timing = timing
        self._inline = timing.inline
        self._tick = tick
        self._added = added
        self._waiting: deque[Line] = deque()
        self._soon: deque[tuple[Callable[[Any], Line | None], object]] = deque()
        self._bell = Bell()
        self._closing = threading.Event()
        self._writing = Turn()
        # Entered again by whatever ends as garbage is collected here, as a billed generator does.
        self._starting = threading.RLock()
        self._thread: threading.Thread | None = None
        self._abandoned = False
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
        error = unwritten(self._outbox.append, line, self._inline)
        if error is not None:
            deferral.say(error, opening=self._outbox.opened is None)
            self._defer(line)
        elif self._thread is None:
            self._start_thread()

    def soon(self, line: Callable[[T], Line | None], about: T) -> None:
        """Add a line from the thread; it is asked for then, and may no longer be wanted."""
        self._soon.append((line, about))
        if self._thread is None:
            self._start_thread()
        self._bell.ring()

    def wake(self) -> None:
        """Have the thread look now."""
        self._bell.ring()

    def drain(self, timeout: float) -> int:
        """Write what waits, for so long at most; how many lines are left."""
        end = time.monotonic() + timeout
        while not self._write_all(end) and time.monotonic() < end:
            time.sleep(min(0.01, timeout))
        return self.waiting

    def close(self, timeout: float) -> bool:
        """Stop the thread, waiting for so many seconds at most; whether it has stopped."""
        self._closing.set()
        self.wake()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def abandon(self) -> None:
        """Have the thread do nothing more, in a forked child: a greenlet (gevent) goes on there."""
        self._abandoned = True

    def _defer(self, line: Line) -> None:
        self.deferred += 1
        if line.kind == "finish":
            # The mark stays with the record: its times are right, but it was at risk until written.
            line = line._replace(body=line.body[:-1] + ',"deferred":true}')
        self._waiting.append(line)
        self._start_thread()
        self.wake()
        if self._closing.is_set():
            # No thread comes for it any more: the end of the process does, if it is still there.
            if not self._write_all(time.monotonic()):
                _left.add(self)
        elif len(self._waiting) > _MANY:
            refused(self._let_write)

    def _let_write(self) -> None:
        # Threads that do nothing but record would leave the one that writes no time to keep up.
        with self._writing.taken(self._inline):
            pass

    def _start_thread(self) -> None:
        if self._thread is not None or self._closing.is_set():
            return
        with self._starting:
            thread = threading.Thread(target=self._work, name="keito-journal", daemon=True)
            # An interpreter that shuts down starts no threads; `drain` then writes what waits.
            if self._thread is None and refused(thread.start) is None:
                self._thread = thread

    def _work(self) -> None:
        pause = self._timing.journal
        while not self._closing.is_set():
            if self._abandoned:
                rest()
            wanted = kept("keeping the journal", self._tick, RETRY_MOST)
            written = self._write_all()
            pause = self._timing.journal if written else min(pause * 2, RETRY_MOST)
            if not written:
                self._closing.wait(pause)
                continue
            self._bell.wait(wanted)
            # One wake-up then serves all the calls that end within this time.
            self._closing.wait(self._timing.journal)

    def _write_all(self, end: float | None = None) -> bool:
        """Write what waits; whether all is written.

        Args:
            end: Until when to wait, as `time.monotonic()` tells it, for what is busy. What others
                add meanwhile is then left to them: they may do so faster than this writes.
        """
        with self._writing.taken(None if end is None else self._wait(end)) as mine:
            deferred = len(self._waiting)
            if not mine or not self._write_in_order(deferred, end):
                return False
        _left.discard(self)
        if deferred:
            self._added()
        return True

    def _write_in_order(self, left: int, end: float | None) -> bool:
        while self._waiting:
            if end is not None and left == 0:
                return False
            if not self._written(self._waiting[0], end):
                return False
            self._waiting.popleft()
            left -= 1
        while self._soon:
            line = tried("writing a model call", *self._soon[0])
            if line is not None and not self._written(line, end):
                return False
            self._soon.popleft()
        return True

    def _written(self, line: Line, end: float | None) -> bool:
        wait = None if end is None else self._wait(end)
        return unwritten(self._outbox.append, line, wait) is None

    def _wait(self, end: float) -> float:
        return max(self._inline, end - time.monotonic())
