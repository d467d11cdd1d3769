"""Recording in one process: what runs tell it becomes lines of the journal."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, cast

from . import _exit, _log, within
from ._facts import decode, encode
from ._forks import whole
from ._guard import kept
from .contract import Contract
from .courier import Courier
from .destination import Destination
from .journal import Journal
from .ledger import Call, Ledger
from .lines import Lines
from .mode import Mode
from .outbox.line import ARRIVING, Kind
from .outbox.port import Outbox
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
        self.outbox: Outbox | None = None
        self._opening = opening
        self._external = external
        self._timing = timing
        self.sweeps = sweep
        self._owner = uuid.uuid4().hex
        self._silent = mode == "off"
        self.granularity = granularity
        self._lines = Lines(
            self._owner,
            mode=mode,
            contract=contract,
            destination=destination,
            granularity=granularity,
        )
        # Garbage may be collected anywhere, also where this thread has taken them, and collecting
        # a billed generator ends its run.
        self._lock = threading.RLock()
        self._outbox_lock = threading.RLock()
        self._begun = False
        self._closed = False
        self._open: set[Ledger] = set()
        self._lingering: dict[Ledger, float] = {}
        self._awaited: dict[Ledger, float] = {}
        self._next_sign = 0.0
        self._prices = prices
        self._receipts = receipts
        self.courier = Courier(
            self.opened,
            destination=destination,
            owner=self._owner,
            timing=timing,
            prices=prices,
            sweep=sweep,
        )
        self.journal = Journal(self.opened, timing=timing, tick=self._tick, added=self.courier.wake)

    @property
    def open_runs(self) -> int:
        """How many records are in the making."""
        return len(self._open)

    def opened(self) -> Outbox:
        """Return the outbox, which is opened when it is first needed."""
        if self.outbox is not None:
            return self.outbox
        with self._outbox_lock:
            if self.outbox is None:
                outbox = self._opening()
                with ExitStack() as otherwise:
                    otherwise.callback(outbox.close)
                    outbox.join(self._owner, until=time.time() + self._timing.lease)
                    otherwise.pop_all()
                self.outbox = outbox
            return self.outbox

    def begin(self, ledger: Ledger) -> None:
        """Record that a run has started."""
        ledger.tree.enter(ledger)
        if self._silent:
            return
        with self._lock:
            self._open.add(ledger)
            first, self._begun = not self._begun, True
        if first:
            self._begin()
        if not ledger.target.routed:
            _log.warn(
                "unrouted",
                "a run has no project and task: it is kept unsent until someone says whose it "
                "is. Use bill_to(), Recorder(target=), or KEITO_PROJECT_ID and KEITO_TASK_ID",
            )
        self._write(ledger, "start", self._lines.start(ledger), at=ledger.started_at)

    def call_ended(self, call: Call, usage: Usage | None, *, at: int, failed: bool) -> None:
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
            self.journal.soon(lambda: self._lines.call(call))

    def outcome(self, ledger: Ledger, facts: dict[str, object], key: str | None) -> str:
        """Record an outcome; return the key it has in Keito."""
        outcome_type, once = cast(str, facts["type"]), bool(facts["success"])
        made, is_new = self.single(
            ledger, "outcome", facts, key, subject_of=(outcome_type,) if once else None
        )
        if is_new and once:
            with ledger.tree.lock:
                ledger.successes[outcome_type] += cast(int, facts["quantity"])
        if facts["unit_price"] is not None and not self.contract.charges_outcomes:
            _log.warn(
                "price",
                "an outcome has a price, but the contract charges time only: it is recorded, not "
                'charged. Use Contract(charge="outcomes") or "both"',
            )
        return made

    def single(
        self,
        ledger: Ledger,
        kind: Kind,
        facts: dict[str, object],
        key: str | None,
        *,
        subject_of: tuple[str, ...] | None,
    ) -> tuple[str, bool]:
        """Record what becomes a record of its own.

        Args:
            ledger: The run it belongs to.
            kind: The kind of its line, under whose name the line has its facts.
            facts: What it is.
            key: The caller's own name for it.
            subject_of: What a subject is charged once for; None if it may be any number of times.

        Returns:
            The key it has in Keito, and whether this run had not told of it before.
        """
        with ledger.tree.lock:
            if subject_of is not None and (piece := ledger.piece(subject_of, key)):
                facts = {**facts, "piece": piece}
            made = self._lines.single_key(ledger, kind, facts, key, subject_of)
            is_new = made not in ledger.outcomes
            if not is_new and made not in ledger.unsure:
                return made, False
            ledger.outcomes.add(made)
            if within.around(self) is not None:
                # If the transaction is rolled back, telling it again must count.
                ledger.unsure.add(made)
        said = self._lines.with_start(ledger, {kind: {**facts, "key": made}})
        self._write(ledger, kind, said)
        return made, is_new

    def end(self, ledger: Ledger, status: str, error: str | None, *, at: int | None = None) -> None:
        """Record how a run ended: complete, unless model calls may still report."""
        with ledger.tree.lock:
            if ledger.ended is not None:
                return
            ledger.end(status, error, at=at)
            waits = ledger.open_calls > 0
            facts = ledger.facts() if waits else {}
        if not waits or self._silent:
            self._complete(ledger)
            return
        # If this process dies while it waits, this is how the run ended all the same.
        self._write(ledger, "ended", encode(facts))
        with self._lock:
            self._lingering[ledger] = time.monotonic() + self._timing.linger
        self.journal.wake()

    def flush(self, end: float) -> int:
        """Complete what lingers and deliver, until `time.monotonic()` is `end`; what is left."""
        if self._silent:
            return 0
        with self._lock:
            lingering = list(self._lingering)
        for ledger in lingering:
            self._complete(ledger)
        in_memory = self.journal.drain(end - time.monotonic())
        if not self._external:
            self.courier.start()
        left = kept("flushing", lambda: self.courier.flush(end), None)
        # A connection that was lost, as while a process was frozen, is made again when it is used.
        while left is None and time.monotonic() < end:
            time.sleep(min(_TRY_AGAIN, max(0.0, end - time.monotonic())))
            left = kept("flushing", lambda: self.courier.flush(end), None)
        return self.journal.waiting if left is None else in_memory + left

    def close(self, end: float) -> None:
        """End what is open as abandoned, deliver until `end`, and stop.

        What is recorded afterwards is kept; closing again lets go of what it needed.
        """
        if self._closed and self.outbox is None and not self.journal.waiting:
            return
        self._closed = True
        with self._lock:
            left = list(self._open)
            begun = self._begun
            awaited = list(self._awaited)
        for ledger in left:
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
            self._leave()

    def _leave(self) -> None:
        with self._outbox_lock:
            # A run that has begun since must be seen to live, or others recover it.
            if self.outbox is None or self._open:
                return
            # From here on, whoever records opens it anew.
            outbox, self.outbox = self.outbox, None
            outbox.leave(self._owner)
            outbox.close()

    def abandon(self) -> Outbox | None:
        """Write nothing more, in a forked child; return the outbox the parent has open."""
        self._silent = True
        # As it forked, another thread of the parent may have held them: here nobody lets them go.
        self._lock = threading.RLock()
        for ledger in self._open:
            ledger.tree.lock = threading.RLock()
        _left_to_the_parent.append(self)
        return self.outbox

    def _begin(self) -> None:
        if not self.destination.complete and not self._external:
            _log.warn(
                "no key",
                "there is no API key or account: runs are recorded and kept, and nothing is sent. "
                "Set KEITO_API_KEY and KEITO_ACCOUNT_ID; what was recorded without an account goes "
                "only when it is adopted, see Recorder.adopt()",
            )
        _exit.close_with_process()
        self.journal.add(self._lines.contract())
        if not self._external:
            self.courier.start()

    def _complete(self, ledger: Ledger) -> None:
        with ledger.tree.lock:
            if ledger.closed:
                return
            facts = ledger.facts()
            ledger.closed = True
            awaited = ledger.open_calls > 0
        with self._lock:
            self._open.discard(ledger)
            self._lingering.pop(ledger, None)
            if awaited and not self._closed:
                self._awaited[ledger] = time.monotonic() + self._timing.late
        self._write(ledger, "finish", encode(facts))
        if self._receipts and not self._silent:
            self.journal.soon(lambda: self._receipt(ledger, facts))
        with ledger.tree.lock:
            ledger.written = True
            corrected = ledger.corrected
        if corrected:
            self._correct(ledger)
        elif ledger not in self._awaited:
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

    def _receipt(self, ledger: Ledger, facts: dict[str, object]) -> None:
        """Log what came of a run; called by the journal's thread, once the run is in it."""
        with whole():
            from .receipts import log_receipt

        log_receipt(
            cast("StartFacts", decode(self._lines.start(ledger))),
            cast("RunFacts", facts),
            self.contract,
            prices=self._prices,
            durable=self.opened().durable,
        )

    def _let_go(self, ledger: Ledger) -> None:
        if ledger in self._awaited:
            with self._lock:
                self._awaited.pop(ledger, None)
        with ledger.tree.lock:
            told, ledger.on_settled = ledger.on_settled, []
            ledger.settled = True
        for call in told:
            kept("letting go of a run", call, None)

    def _write(self, ledger: Ledger, kind: Kind, body: str, *, at: int | None = None) -> None:
        if not self._silent:
            line = self._lines.of_run(ledger, kind, body, at=at)
            block = within.around(self)
            if block is None or not block.took(line):
                self.journal.add(line)
            if kind in ARRIVING:
                self.courier.wake()

    def _tick(self) -> float | None:
        moment = time.monotonic()
        with self._lock:
            due = [ledger for ledger, end in self._lingering.items() if end <= moment]
            given_up = [ledger for ledger, end in self._awaited.items() if end <= moment]
        for ledger in due:
            self._complete(ledger)
        for ledger in given_up:
            self._let_go(ledger)
        if self._open and moment >= self._next_sign:
            self.opened().join(self._owner, until=time.time() + self._timing.lease)
            self._next_sign = moment + self._timing.lease / 3
        with self._lock:
            ends = [*self._lingering.values(), *self._awaited.values()]
            ends += [self._next_sign] if self._open else []
        return max(0.0, min(ends) - moment) if ends else None
