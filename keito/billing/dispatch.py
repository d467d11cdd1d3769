"""What brings the lines of one process into its outbox, and from there to Keito."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from . import _exit, _log
from ._forks import whole
from ._guard import kept, tried
from .courier import Courier
from .journal import Journal
from .lazy_outbox import LazyOutbox
from .outbox.port import Outbox
from .settings import Settings

# Seconds the journal's thread gets to end, however late it is: it may be writing a line.
_LAST_LINES = 0.1

# Seconds until what could not be asked is asked again.
_TRY_AGAIN = 0.05


class Dispatch:
    """Starts the journal and the courier of one recorder in one process, and stops them.

    Args:
        settings: The recorder's.
        open_outbox: Opens the outbox.
        owner: The recorder, in this process.
        tick: What the journal's thread calls besides; see `Journal`.

    Attributes:
        outbox: What both use.
        journal: Writes lines to it.
        courier: Delivers from it.
    """

    def __init__(
        self,
        settings: Settings,
        open_outbox: Callable[[], Outbox],
        *,
        owner: str,
        tick: Callable[[], float | None],
    ) -> None:
        timing = settings.timing
        self._settings = settings
        self.outbox = LazyOutbox(open_outbox, owner=owner, lease=timing.lease)
        self.courier = Courier(
            self.outbox.open,
            destination=settings.destination,
            owner=owner,
            timing=timing,
            prices=settings.prices,
            sweep=settings.sweep,
        )
        self.journal = Journal(self.outbox, timing=timing, tick=tick, added=self.courier.wake)

    @property
    def at_least_left(self) -> int:
        """How many records are left to be sent at least, whatever an outbox has that says nothing.

        Never 0: whoever hears that may end this machine.
        """
        return max(1, self.journal.waiting)

    def begin(self) -> None:
        """Set to work, with the first run of this process."""
        if not self._settings.destination.complete and not self._settings.external:
            _log.warn(
                "no key",
                "there is no API key or account: runs are recorded and kept, and nothing is sent. "
                "Set KEITO_API_KEY and KEITO_ACCOUNT_ID; what was recorded without an account goes "
                "only when it is adopted, see Recorder.adopt()",
            )
        _exit.close_with_process()
        self._start_courier()

    def prepare(self) -> None:
        """Load what must be whole before any other thread of this process looks at it.

        OpenAI's library looks httpx up in `sys.modules` for each client and each request, and does
        not wait for a thread that is still loading it, as the courier's would be: the agent would
        get an AttributeError. So the first run waits for it instead, and with it all that begin
        meanwhile. None does where OpenAI's is not loaded yet: that takes several times as long as
        what the courier's thread has begun by then.
        """
        external = self._settings.external
        if not external and "openai" in sys.modules and "httpx" not in sys.modules:
            tried("loading the HTTP library", _load_http)

    def flush(self, end: float) -> int:
        """Deliver until nothing is left, or until `time.monotonic()` is `end`.

        Returns:
            How many records are left, or `at_least_left` where the outbox can't be asked.
        """
        in_memory = self.journal.drain(end - time.monotonic())
        self._start_courier()
        left = kept("flushing", lambda: self.courier.flush(end), None)
        # A connection that was lost, as while a process was frozen, is made again when it is used.
        while left is None and time.monotonic() < end:
            time.sleep(min(_TRY_AGAIN, max(0.0, end - time.monotonic())))
            left = kept("flushing", lambda: self.courier.flush(end), None)
        return self.at_least_left if left is None else in_memory + left

    def close(self, end: float, *, unless: Callable[[], object]) -> None:
        """Stop both threads until `end`, and close the outbox unless something is left open."""
        stopped = self.courier.close(max(0.0, end - time.monotonic()))
        stopped = self.journal.close(max(_LAST_LINES, end - time.monotonic())) and stopped
        # A thread that still waits for an answer needs the outbox to note it.
        if stopped:
            self.outbox.leave(unless)

    def abandon(self) -> None:
        """End both threads, in a forked child."""
        self.courier.abandon()
        self.journal.abandon()

    def _start_courier(self) -> None:
        if not self._settings.external:
            self.prepare()
            self.courier.start()


def _load_http() -> None:
    with whole():
        from .. import _transport  # noqa: F401
