"""What wakes a thread that waits for work."""

from __future__ import annotations

import threading


class Bell:
    """Rung by any thread, and heard by the one that waits: at once, or when it next listens.

    An `Event` would do the same, but agents ring, and to set one takes several times as long.
    """

    def __init__(self) -> None:
        # Locked means that nobody has rung since somebody last listened.
        self._quiet = threading.Lock()
        self._quiet.acquire()

    def ring(self) -> None:
        """Wake whoever waits, or whoever waits next."""
        if not self._quiet.locked():
            return
        try:
            self._quiet.release()
        except RuntimeError:
            # Another thread has rung at the same moment.
            return

    def wait(self, timeout: float | None) -> None:
        """Wait until it is rung, for so many seconds at most; what was rung before counts once."""
        self._quiet.acquire(timeout=-1 if timeout is None else max(0.0, timeout))
