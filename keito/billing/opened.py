"""The outbox that one recorder, in one process, has open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from ._guard import Append
from .outbox.line import Line
from .outbox.port import Outbox


class Opened:
    """Opens the outbox when it is first needed, and shows there that its recorder lives.

    Args:
        opening: Opens it.
        owner: The recorder, in this process.
        lease: For how many seconds a sign of life counts.

    Attributes:
        append: Adds a line, as the outbox itself does.
        outbox: What is open; None before that and when it was left.
    """

    def __init__(self, opening: Callable[[], Outbox], *, owner: str, lease: float) -> None:
        self._opening = opening
        self._owner = owner
        self._lease = lease
        # Garbage may be collected anywhere, also where this thread has taken it, and collecting
        # a billed generator ends its run.
        self._lock = threading.RLock()
        self.outbox: Outbox | None = None
        self.append: Append = self._append

    def __call__(self) -> Outbox:
        """Return the outbox, which is opened if need be."""
        if self.outbox is not None:
            return self.outbox
        with self._lock:
            if self.outbox is None:
                self.outbox = self._joined()
                self.append = self.outbox.append
            return self.outbox

    def show(self) -> None:
        """Show that the recorder lives."""
        self().join(self._owner, until=time.time() + self._lease)

    def leave(self, unless: Callable[[], object]) -> None:
        """Show that the recorder is gone, and close the outbox, unless something is left open."""
        with self._lock:
            # A run that has begun since must be seen to live, or others recover it.
            if self.outbox is None or unless():
                return
            # From here on, whoever records opens it anew.
            outbox, self.outbox, self.append = self.outbox, None, self._append
            outbox.leave(self._owner)
            outbox.close()

    def _joined(self) -> Outbox:
        outbox = self._opening()
        with ExitStack() as otherwise:
            otherwise.callback(outbox.close)
            outbox.join(self._owner, until=time.time() + self._lease)
            otherwise.pop_all()
        return outbox

    def _append(self, line: Line, *, wait: float | None = None) -> None:
        self().append(line, wait=wait)
