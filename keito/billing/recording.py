"""Recording in one process: what runs tell it becomes lines of the journal."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from . import _log, patience
from ._guard import kept
from .calls import Call
from .dispatch import Dispatch
from .ledger import Ledger
from .lines import Lines
from .open_ledgers import OpenLedgers
from .outbox.line import ARRIVING, Kind, Line
from .outbox.port import Outbox
from .receipts import Receipts
from .settings import Settings
from .singles import Singles
from .usage import Usage
from .within import around, blocks

# Closing a SQLite connection in a forked child would take its parent's locks away, so what was
# inherited must not even be garbage there.
_left_to_the_parent: list[Recording] = []


class Recording:
    """Holds the ledgers of one recorder in one process, and writes down what becomes of them.

    A forked child gets its own; the parent's, which it has a copy of, is `abandon`ed there: its
    runs are the parent's to finish.

    Args:
        settings: The recorder's.
        open_outbox: Opens the outbox, once it is needed.

    Attributes:
        journal: Takes the lines.
        courier: Delivers what they become.
        singles: Records what becomes a record of its own.
    """

    def __init__(self, settings: Settings, open_outbox: Callable[[], Outbox]) -> None:
        self.settings = settings
        self.mode = settings.mode
        self.contract = settings.contract
        self.destination = settings.destination
        self._external = settings.external
        self._timing = settings.timing
        self._owner = owner = uuid.uuid4().hex
        self._silent = settings.mode == "off"
        self._begun = False
        self._closed = False
        self._open = OpenLedgers()
        self._lines = Lines(owner, settings)
        self._dispatch = Dispatch(settings, open_outbox, owner=owner, tick=self._tick)
        self._outbox = self._dispatch.outbox
        self.journal = self._dispatch.journal
        self.courier = self._dispatch.courier
        receipts = Receipts(self._lines, self._outbox, settings)
        self._receipts = receipts if settings.receipts else None
        self.singles = Singles(
            self._lines,
            self._write,
            may_be_undone=lambda: around(self) is not None,
            charged=settings.contract.charges_outcomes,
        )

    @property
    def may_hang(self) -> bool:
        """Whether the outbox can keep a thread waiting without end."""
        outbox = self._outbox.opened
        return outbox is not None and outbox.remote

    @property
    def open_runs(self) -> int:
        """How many records are in the making."""
        return len(self._open.making)

    @property
    def at_least_left(self) -> int:
        """See `Dispatch.at_least_left`."""
        return self._dispatch.at_least_left

    def opened(self) -> Outbox:
        """Return the outbox, which is opened if need be."""
        return self._outbox.open()

    def begin(self, ledger: Ledger) -> None:
        """Record that a run has started."""
        ledger.tree.enter(ledger)
        if self._silent:
            return
        self._open.making.add(ledger)
        if not self._begun:
            self._begin()
        target = ledger.target
        if target.project_id is None or target.task_id is None:
            _log.warn(
                "unrouted",
                "a run has no project and task: it is kept unsent until someone says whose it "
                "is. Use bill_to(), Recorder(target=), or KEITO_PROJECT_ID and KEITO_TASK_ID",
            )
        self._write(ledger, "start", self._lines.start(ledger), ledger.started_at)

    def call_ended(self, call: Call, usage: Usage | None, at: int, failed: bool) -> None:
        """Record that a model call has ended."""
        ledger = call.ledger
        with ledger.tree.lock:
            if not call.take(usage, at=at, failed=failed):
                return
            late = ledger.closed
            complete = ledger.ended is not None and not ledger.open_calls
        if late:
            self._correct(ledger)
        elif complete:
            self._complete(ledger)
        elif not self._silent:
            self.journal.soon(self._lines.call, call)

    def end(self, ledger: Ledger, status: str, error: str | None, at: int | None = None) -> None:
        """Record how a run ended: complete, unless model calls may still report."""
        with ledger.tree.lock:
            if ledger.ended is not None:
                return
            ledger.end(status, error, at=at)
            waits = ledger.open_calls > 0 and not self._silent
            body = ledger.body()
            ledger.closed = not waits
        if not waits:
            self._made(ledger, body, awaited=False)
            return
        # If this process dies while it waits, this is how the run ended all the same.
        self._write(ledger, "ended", body)
        self._open.linger(ledger, self._timing.linger)
        self.journal.wake()

    def flush(self, end: float) -> int:
        """Complete what lingers and deliver, until `time.monotonic()` is `end`.

        Returns:
            How many records are left, or `at_least_left` where the outbox can't be asked.
        """
        if self._silent:
            return 0
        for ledger in self._open.lingering():
            self._complete(ledger)
        with patience.until(end):
            return self._dispatch.flush(end)

    def close(self, end: float) -> None:
        """End what is open as abandoned, deliver until `end`, and stop.

        What is recorded afterwards is kept; closing again lets go of what it needed.
        """
        if self._closed and self._outbox.opened is None and not self.journal.waiting:
            return
        self._closed = True
        begun = self._begun
        awaited = self._open.awaited()
        for ledger in list(self._open.making):
            self.end(ledger, "abandoned", None)
        for ledger in awaited:
            self._let_go(ledger)
        if begun:
            # An outbox that can't be opened must not keep the threads from being stopped.
            kept("flushing", lambda: self.flush(end), 0)
        with patience.until(end):
            self._dispatch.close(end, unless=lambda: self._open.making)

    def abandon(self) -> Outbox | None:
        """Write nothing more, in a forked child; return the outbox the parent has open."""
        self._silent = True
        self._dispatch.abandon()
        self._open.lock_anew()
        _left_to_the_parent.append(self)
        return self._outbox.opened

    def _begin(self) -> None:
        with self._open.lock:
            self._dispatch.prepare()
            if self._begun:
                return
            # Before the runs of any thread: a courier elsewhere may file those at once, and parks
            # what it can't read the contract of.
            self.journal.add(self._lines.contract())
            self._begun = True
        self._dispatch.begin()

    def _complete(self, ledger: Ledger) -> None:
        with ledger.tree.lock:
            if ledger.closed:
                return
            body = ledger.body()
            ledger.closed = True
            awaited = ledger.open_calls > 0 and not self._closed
        self._made(ledger, body, awaited=awaited)

    def _made(self, ledger: Ledger, body: str, *, awaited: bool) -> None:
        """Write the end of a record, and let go of its run unless calls are yet to report."""
        self._open.made(ledger)
        if awaited:
            self._open.wait_for(ledger, self._timing.late)
        self._write(ledger, "finish", body)
        if self._receipts is not None and not self._silent:
            self.journal.soon(self._receipts.log, (ledger, body))
        with ledger.tree.lock:
            ledger.written = True
            corrected = ledger.corrected
            ledger.settled = settled = not (corrected or awaited or ledger.on_settled)
        if corrected:
            self._correct(ledger)
        elif not (awaited or settled):
            self._let_go(ledger)

    def _correct(self, ledger: Ledger) -> None:
        """Say what came of a run whose record is made, now that more is known."""
        with ledger.tree.lock:
            ledger.corrected = True
            # A correction is of a record: its line must not come before that one's.
            if not ledger.written:
                return
            # Numbered, since two threads may write what they said in the other order.
            ledger.corrections += 1
            facts = {**ledger.facts(), "late": ledger.corrections}
        self._write(ledger, "late", self._lines.with_start(ledger, {"result": facts}))
        if not ledger.open_calls:
            self._let_go(ledger)

    def _let_go(self, ledger: Ledger) -> None:
        self._open.corrected(ledger)
        with ledger.tree.lock:
            told, ledger.on_settled = ledger.on_settled, ()
            ledger.settled = True
        for call in told:
            kept("letting go of a run", call, None)

    def _write(self, ledger: Ledger, kind: Kind, body: str, at: int | None = None) -> None:
        if self._silent:
            return
        # As `Line(...)` makes it, which is a function of Python's: agents wait for each.
        at = time.time_ns() // 1000 if at is None else at
        line = tuple.__new__(Line, (ledger.id, kind, at, self._owner, body, 0))
        block = around(self) if blocks.get() else None
        if block is None or not block.took(line):
            self.journal.add(line)
        if not self._external and kind in ARRIVING:
            self.courier.wake()

    def _tick(self) -> float | None:
        moment = time.monotonic()
        for ledger in self._open.lingering(moment):
            self._complete(ledger)
        for ledger in self._open.awaited(moment):
            self._let_go(ledger)
        next_sign = self._outbox.show(moment) if self._open.making else None
        ends = [end for end in (next_sign, self._open.next_end()) if end is not None]
        return max(0.0, min(ends) - moment) if ends else None
