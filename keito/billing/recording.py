"""Recording in one process: what runs tell it becomes lines of the journal."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from . import _exit, _log, within
from ._facts import decode
from ._forks import whole
from ._guard import kept
from .calls import Call
from .contract import Contract
from .courier import Courier
from .destination import Destination
from .journal import Journal
from .ledger import Ledger
from .lines import Lines
from .mode import Mode
from .open_runs import OpenRuns
from .opened import Opened
from .outbox.line import ARRIVING, Kind, Line
from .outbox.port import Outbox
from .singles import Singles
from .timing import Timing
from .usage import Usage

if TYPE_CHECKING:
    from .prices import Prices
    from .run_facts import RunFacts, StartFacts

# Seconds the journal's thread gets to end, however late it is: it may be writing a line.
_LAST_LINES = 0.1

# Seconds until what could not be asked is asked again.
_TRY_AGAIN = 0.05

# Closing a SQLite connection in a forked child would take its parent's locks away, so what was
# inherited must not even be garbage there.
_left_to_the_parent: list[Recording] = []


class Recording:
    """Holds the open runs of one recorder in one process, with its journal and its courier.

    A forked child gets its own; the parent's, which it has a copy of, is `abandon`ed there: its
    runs are the parent's to finish.
    """

    def __init__(
        self,
        opening: Callable[[], Outbox],
        *,
        mode: Mode,
        contract: Contract,
        destination: Destination,
        prices: Prices | None,
        external: bool,
        timing: Timing,
        receipts: bool = False,
        sweep: bool = False,
        granularity: str = "run",
    ) -> None:
        self.mode = mode
        self.contract = contract
        self.destination = destination
        self.sweeps = sweep
        self.granularity = granularity
        self._external = external
        self._timing = timing
        self._owner = owner = uuid.uuid4().hex
        self._silent = mode == "off"
        self._lines = Lines(
            owner, mode=mode, contract=contract, destination=destination, granularity=granularity
        )
        self._runs = OpenRuns()
        self._begun = False
        self._closed = False
        self._next_sign = 0.0
        self._prices = prices
        self._receipts = receipts
        self.opened = Opened(opening, owner=owner, lease=timing.lease)
        self.courier = Courier(
            self.opened,
            destination=destination,
            owner=owner,
            timing=timing,
            prices=prices,
            sweep=sweep,
        )
        self.journal = Journal(self.opened, timing=timing, tick=self._tick, added=self.courier.wake)
        self.singles = Singles(
            self._lines,
            self._write,
            may_be_undone=lambda: within.around(self) is not None,
            charged=contract.charges_outcomes,
        )

    @property
    def open_runs(self) -> int:
        """How many records are in the making."""
        return len(self._runs.making)

    @property
    def outbox(self) -> Outbox | None:
        """What is open; None before the first run, and when it was closed."""
        return self.opened.outbox

    @property
    def at_least_left(self) -> int:
        """How many records are left to be sent at least, whatever an outbox has that says nothing.

        Never 0: whoever hears that may end this machine.
        """
        return max(1, self.journal.waiting)

    def begin(self, ledger: Ledger) -> None:
        """Record that a run has started."""
        tree = ledger.tree
        with tree.lock:
            tree.open.add(ledger)
        if self._silent:
            return
        self._runs.making.add(ledger)
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
            waits = bool(ledger.calls) and ledger.open_calls > 0 and not self._silent
            body = ledger.body()
            ledger.closed = not waits
        if not waits:
            self._made(ledger, body)
            return
        # If this process dies while it waits, this is how the run ended all the same.
        self._write(ledger, "ended", body)
        self._runs.linger(ledger, self._timing.linger)
        self.journal.wake()

    def flush(self, end: float) -> int:
        """Complete what lingers and deliver, until `time.monotonic()` is `end`.

        Returns:
            How many records are left, or `at_least_left` where the outbox can't be asked.
        """
        if self._silent:
            return 0
        for ledger in self._runs.lingering():
            self._complete(ledger)
        in_memory = self.journal.drain(end - time.monotonic())
        if not self._external:
            self.courier.start()
        left = kept("flushing", lambda: self.courier.flush(end), None)
        # A connection that was lost, as while a process was frozen, is made again when it is used.
        while left is None and time.monotonic() < end:
            time.sleep(min(_TRY_AGAIN, max(0.0, end - time.monotonic())))
            left = kept("flushing", lambda: self.courier.flush(end), None)
        return self.at_least_left if left is None else in_memory + left

    def close(self, end: float) -> None:
        """End what is open as abandoned, deliver until `end`, and stop.

        What is recorded afterwards is kept; closing again lets go of what it needed.
        """
        if self._closed and self.outbox is None and not self.journal.waiting:
            return
        self._closed = True
        begun = self._begun
        awaited = self._runs.awaited()
        for ledger in list(self._runs.making):
            self.end(ledger, "abandoned", None)
        for ledger in awaited:
            self._let_go(ledger)
        if begun:
            # An outbox that can't be opened must not keep the threads from being stopped.
            kept("flushing", lambda: self.flush(end), 0)
        stopped = self.courier.close(max(0.0, end - time.monotonic()))
        stopped = self.journal.close(max(_LAST_LINES, end - time.monotonic())) and stopped
        # A thread that still waits for an answer needs the outbox to note it.
        if stopped:
            self.opened.leave(unless=lambda: self._runs.making)

    def abandon(self) -> Outbox | None:
        """Write nothing more, in a forked child; return the outbox the parent has open."""
        self._silent = True
        self.courier.abandon()
        self.journal.abandon()
        self._runs.lock_anew()
        _left_to_the_parent.append(self)
        return self.outbox

    def _begin(self) -> None:
        with self._runs.lock:
            if self._begun:
                return
            # Before the runs of any thread: a courier elsewhere may file those at once, and parks
            # what it can't read the contract of.
            self.journal.add(self._lines.contract())
            self._begun = True
        if not self.destination.complete and not self._external:
            _log.warn(
                "no key",
                "there is no API key or account: runs are recorded and kept, and nothing is sent. "
                "Set KEITO_API_KEY and KEITO_ACCOUNT_ID; what was recorded without an account goes "
                "only when it is adopted, see Recorder.adopt()",
            )
        _exit.close_with_process()
        if not self._external:
            self.courier.start()

    def _complete(self, ledger: Ledger) -> None:
        with ledger.tree.lock:
            if ledger.closed:
                return
            body = ledger.body()
            ledger.closed = True
        self._made(ledger, body)

    def _made(self, ledger: Ledger, body: str) -> None:
        """Write the end of a record, and let go of its run unless more may be told of it."""
        awaited = bool(ledger.calls) and ledger.open_calls > 0 and not self._closed
        self._runs.made(ledger)
        if awaited:
            self._runs.wait_for(ledger, self._timing.late)
        self._write(ledger, "finish", body)
        if self._receipts and not self._silent:
            self.journal.soon(self._receipt, (ledger, body))
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

    def _receipt(self, made: tuple[Ledger, str]) -> None:
        """Log what came of a run; called by the journal's thread, once the run is in it."""
        with whole():
            from .receipts import log_receipt

        log_receipt(
            cast("StartFacts", decode(self._lines.start(made[0]))),
            cast("RunFacts", decode(made[1])),
            self.contract,
            prices=self._prices,
            durable=self.opened().durable,
        )

    def _let_go(self, ledger: Ledger) -> None:
        self._runs.corrected(ledger)
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
        block = within.around(self) if within.blocks.get() else None
        if block is None or not block.took(line):
            self.journal.add(line)
        if not self._external and kind in ARRIVING:
            self.courier.wake()

    def _tick(self) -> float | None:
        moment = time.monotonic()
        for ledger in self._runs.lingering(moment):
            self._complete(ledger)
        for ledger in self._runs.awaited(moment):
            self._let_go(ledger)
        ends = [self._runs.next_end()]
        if self._runs.making:
            if moment >= self._next_sign:
                self.opened.show()
                self._next_sign = moment + self._timing.lease / 3
            ends.append(self._next_sign)
        soonest = min((end for end in ends if end is not None), default=None)
        return None if soonest is None else max(0.0, soonest - moment)
