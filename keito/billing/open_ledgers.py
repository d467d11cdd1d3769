"""The ledgers that one recorder has not done with, and until when they wait for model calls."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ledger import Ledger


class OpenLedgers:
    """What one recorder, in one process, has not done with.

    Attributes:
        lock: Held to change when they stop waiting.
        making: Those whose record is not made yet. Python changes a set in one step, so any thread
            adds and discards without the lock.
    """

    def __init__(self) -> None:
        # Garbage may be collected anywhere, also where this thread has taken it, and collecting
        # a billed generator ends its run.
        self.lock = threading.RLock()
        self.making: set[Ledger] = set()
        self._lingering: dict[Ledger, float] = {}
        self._awaited: dict[Ledger, float] = {}

    def linger(self, ledger: Ledger, seconds: float) -> None:
        """Have a record wait for the calls of a run that has ended."""
        with self.lock:
            self._lingering[ledger] = time.monotonic() + seconds
        # The last call may have reported just now, and the record been made.
        if ledger.closed:
            self.made(ledger)

    def wait_for(self, ledger: Ledger, seconds: float) -> None:
        """Expect calls that correct a record which is made."""
        with self.lock:
            self._awaited[ledger] = time.monotonic() + seconds

    def made(self, ledger: Ledger) -> None:
        """Note that a record is made."""
        self.making.discard(ledger)
        if self._lingering:
            with self.lock:
                self._lingering.pop(ledger, None)

    def corrected(self, ledger: Ledger) -> None:
        """Expect nothing more."""
        if self._awaited:
            with self.lock:
                self._awaited.pop(ledger, None)

    def lingering(self, until: float | None = None) -> list[Ledger]:
        """List what waits for calls, and has by then waited long enough."""
        return self._by(self._lingering, until)

    def awaited(self, until: float | None = None) -> list[Ledger]:
        """List what may still be corrected, and by then may not any more."""
        return self._by(self._awaited, until)

    def next_end(self) -> float | None:
        """When the next of them has waited long enough."""
        with self.lock:
            return min([*self._lingering.values(), *self._awaited.values()], default=None)

    def lock_anew(self) -> None:
        """Have locks that are open, in a forked child: nobody there lets go of those it has."""
        self.lock = threading.RLock()
        for ledger in self.making:
            ledger.tree.lock = threading.RLock()

    def _by(self, waiting: dict[Ledger, float], until: float | None) -> list[Ledger]:
        with self.lock:
            return [one for one, end in waiting.items() if until is None or end <= until]
