"""The outbox of one recorder in one process, which is opened when it is first needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from ._guard import Append
from .outbox.line import Line
from .outbox.port import Outbox


class LazyOutbox:
    """Opens the outbox when it is first needed, and shows there that its recorder lives.

    Args:
        open_outbox: Opens it.
        owner: The recorder, in this process.
        lease: For how many seconds a sign of life counts.

    Attributes:
        append: Adds a line, as the outbox itself does.
        opened: What is open; None before that and when it was left.
    """

    def __init__(self, open_outbox: Callable[[], Outbox], *, owner: str, lease: float) -> None:
        self._open_outbox = open_outbox
        self._owner = owner
        self._lease = lease
        self._next_sign = 0.0
        # Garbage may be collected anywhere, also where this thread has taken it, and collecting
        # a billed generator ends its run.
        self._lock = threading.RLock()
        self.opened: Outbox | None = None
        self.append: Append = self._append

    def open(self) -> Outbox:
        """Return the outbox, which is opened if need be."""
        if self.opened is not None:
            return self.opened
        with self._lock:
            if self.opened is None:
                self.opened = self._joined()
                self.append = self.opened.append
            return self.opened

    def show(self, moment: float) -> float:
        """Show that the recorder lives, if it is time to; return when it is the next time.

        Args:
            moment: Now, as `time.monotonic()` tells it.
        """
        if moment >= self._next_sign:
            self.open().join(self._owner, until=time.time() + self._lease)
            self._next_sign = moment + self._lease / 3
        return self._next_sign

    def leave(self, unless: Callable[[], object]) -> None:
        """Show that the recorder is gone, and close the outbox, unless something is left open."""
        with self._lock:
            # A run that has begun since must be seen to live, or others recover it.
            if self.opened is None or unless():
                return
            # From here on, whoever records opens it anew.
            outbox, self.opened, self.append = self.opened, None, self._append
            try:
                outbox.leave(self._owner)
            finally:
                outbox.close()

    def _joined(self) -> Outbox:
        outbox = self._open_outbox()
        with ExitStack() as otherwise:
            otherwise.callback(outbox.close)
            outbox.join(self._owner, until=time.time() + self._lease)
            otherwise.pop_all()
        return outbox

    def _append(self, line: Line, *, wait: float | None = None) -> None:
        self.open().append(line, wait=wait)
