"""The courier: a thread that brings records to Keito, so that no agent waits for the network."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ._forks import rest, whole
from ._guard import kept, refused
from .bell import Bell
from .destination import Destination
from .outbox.port import Outbox
from .rate import forecast
from .timing import Timing

if TYPE_CHECKING:
    from .delivery import Delivery
    from .prices import Prices

AFTER_FAILURE = 1.0


class Courier:
    """Starts, wakes and stops the thread; `Delivery` is what it does."""

    def __init__(
        self,
        open_outbox: Callable[[], Outbox],
        *,
        destination: Destination,
        owner: str,
        timing: Timing,
        prices: Prices | None = None,
        sweep: bool = False,
    ) -> None:
        self._open_outbox = open_outbox
        self._destination = destination
        self._owner = owner
        self._timing = timing
        self._prices = prices
        self._sweep = sweep
        self._hurried = 0
        self._bell = Bell()
        self._closing = threading.Event()
        # Entered again by whatever ends as garbage is collected here, as a billed generator does.
        self._starting = threading.RLock()
        self._thread: threading.Thread | None = None
        self._delivery: Delivery | None = None
        self._abandoned = False

    @property
    def last_error(self) -> str | None:
        """What last went wrong."""
        return self._delivery.last_error if self._delivery is not None else None

    @property
    def holds(self) -> tuple[str, ...]:
        """What Keito refuses at the moment."""
        return self._delivery.holds if self._delivery is not None else ()

    def forecast(self, records: int) -> float | None:
        """About how many seconds it takes to send so many records; None without a limit."""
        timing = self._timing
        return forecast(
            records, per_minute=timing.requests_per_minute, per_day=timing.requests_per_day
        )

    def start(self) -> None:
        """Start the thread, unless it runs or can't be started now."""
        with self._starting:
            if self._thread is not None or self._closing.is_set():
                return
            thread = threading.Thread(target=self._work, name="keito-courier", daemon=True)
            # A process may have no thread left: what is recorded then goes with the next one.
            if refused(thread.start) is None:
                self._thread = thread

    def wake(self) -> None:
        """Have the thread look now."""
        self._bell.ring()

    def flush(self, end: float) -> int:
        """Wait until nothing is left to send, or until `time.monotonic()` is `end`."""
        outbox = self._open_outbox()
        self._hurry(1)
        try:
            return self._flush(outbox, end)
        finally:
            self._hurry(-1)

    def _hurry(self, more: int) -> None:
        with self._starting:
            self._hurried += more

    def _flush(self, outbox: Outbox, end: float) -> int:
        while True:
            left, unfiled = _left(outbox, self._destination.id)
            works = self._runs and (unfiled or self._destination.complete)
            if not left or not works or time.monotonic() >= end:
                return left
            self.wake()
            time.sleep(max(0.0, min(0.02, end - time.monotonic())))

    @property
    def _runs(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

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

    def _work(self) -> None:
        while not self._closing.is_set():
            if self._abandoned:
                rest()
            wait = kept("delivering", self._step, AFTER_FAILURE)
            self._bell.wait(wait)
        if self._delivery is not None:
            self._delivery.close()

    def _step(self) -> float:
        if self._delivery is None:
            self._delivery = self._new_delivery(self._open_outbox())
        return self._delivery.step(hurry=self._hurried > 0)

    def _new_delivery(self, outbox: Outbox) -> Delivery:
        with whole():
            # Imported here: it brings the HTTP library, which recording must not wait for.
            from .delivery import Delivery

            return Delivery(
                outbox,
                self._destination,
                owner=self._owner,
                timing=self._timing,
                prices=self._prices,
                sweep=self._sweep,
            )


def _left(outbox: Outbox, destination: str) -> tuple[int, int]:
    # Not needed for recording, whose import is kept short.
    from .outbox.record import UNDELIVERED

    counts = outbox.counts(destination)
    waiting = sum(counts.states.get(s, 0) for s in UNDELIVERED)
    return waiting - counts.held + counts.journal, counts.journal
