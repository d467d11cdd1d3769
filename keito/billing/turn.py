"""A lock that the handler of a signal can neither leave taken nor wait for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turn:
    """Has one thread at a time do something that must not be done twice at once.

    The handler of a signal comes between any two steps. It may raise, as `KeyboardInterrupt` does,
    and a lock that was taken in that moment would never be let go of. It may also come back here,
    in a thread that has its turn already: it then has none.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._taken = False

    @contextmanager
    def taken(self, timeout: float | None = None) -> Iterator[bool]:
        """Have a turn in this block, if it comes; whether it has come.

        Args:
            timeout: How many seconds to wait for it; default: as long as it takes.
        """
        try:
            come = self._lock.acquire(timeout=-1 if timeout is None else timeout)
            mine = come and not self._taken
            # By nobody else, who would write back what it was before this thread's turn was over.
            if mine:
                self._taken = True
            try:
                yield mine
            finally:
                if mine:
                    self._taken = False
        finally:
            try:  # noqa: SIM105 - whatever is called before may be where the next handler raises
                self._lock.release()
            except RuntimeError:
                pass  # it has not come
