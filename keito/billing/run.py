"""One agent run, as an adapter or a developer tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic_ns
from typing import TYPE_CHECKING

from . import runs_by_key
from ._guard import kept, tried
from .arguments import optional, text
from .calls import ModelCall, ToolCall
from .claims import Claims
from .clocks import now
from .contract import STATUSES, Contract, Status
from .current import Active
from .endings import status_of
from .ledger import Ledger
from .target import Block, Target
from .usage import Usage

if TYPE_CHECKING:
    from .destination import Destination
    from .meter import Meter
    from .recording import Recording


class Run(Claims):
    """One agent run. Nothing here raises, except `check`, and arguments that no run could take.

    Every method may be called from any thread or task, whichever the run was started in.

    Attributes:
        id: The run's own id, under which Keito's records of it are found (`run_id`).
        name: What it was started as, e.g. the agent's name.
        parent: The run it was started under.
    """

    def __init__(
        self,
        recording: Recording,
        ledger: Ledger,
        id: str,
        name: str,
        parent: Run | None,
        framework: str,
        key: str | None,
        meter: Meter | None,
        blocks: tuple[Block, ...],
    ) -> None:
        self._recording = recording
        self._ledger = ledger
        self.id = id
        self.name = name
        self.parent = parent
        self._framework = framework
        self._key = key
        self._meter = meter
        # Those of `bill_to` that it was started in. What they say is in its target, or was
        # overruled there: kept, so that they do not overrule it for a run that is part of it.
        self._blocks = blocks
        self._finished = False

    def __repr__(self) -> str:
        return f"<Run {self.name!r} {self.id} {'finished' if self._finished else 'open'}>"

    @property
    def finished(self) -> bool:
        """Whether `finish` was called."""
        return self._finished

    @property
    def takes_more(self) -> bool:
        """Whether another run can be folded in: its own record has no end yet."""
        return not self._finished and self._ledger.ended is None

    @property
    def target(self) -> Target | None:
        """Where it is billed; None when nobody said so."""
        target = self._ledger.target
        return target if target.routed else None

    @property
    def contract(self) -> Contract:
        """What is charged: the contract of the recorder that started it."""
        return self._recording.contract

    @property
    def destination(self) -> Destination:
        """Which Keito its records are for."""
        return self._recording.destination

    @property
    def agent(self) -> str:
        """What its record calls the agent."""
        return self._ledger.target.agent_id or self._ledger.name

    @property
    def open_calls(self) -> int:
        """How many model calls have started and not ended, here and in runs folded into it."""
        return self._ledger.open_calls

    @property
    def folded(self) -> bool:
        """Whether its facts go to its parent's record."""
        return self.parent is not None and self._ledger is self.parent._ledger

    def in_session(self, session: str) -> None:
        """Name the conversation, where neither the target nor anyone before has."""
        ledger = self._ledger
        with ledger.tree.lock:
            ledger.said.session = ledger.said.session or optional("session", session)

    def is_below(self, other: Run) -> bool:
        """Whether it was started under the other run, directly or not."""
        above = self.parent
        while above is not None and above is not other:
            above = above.parent
        return above is not None

    def model_start(
        self, key: str, *, model: str | None = None, agent: str | None = None
    ) -> ModelCall:
        """Note that a model call begins; end it with what `end` or `fail` takes.

        Args:
            key: Names the call: the provider's response id where there is one. What is reported
                twice under one key, by whichever source, counts once.
            model: The model asked for, used when the answer does not name one.
            agent: Which agent asked; default: this run's name.
        """
        # As for each of what follows: no function is called where nothing is wrong, as an agent
        # waits for it.
        if type(key) is not str or not key:
            text("key", key)
        call = self._ledger.call(key, agent, model, monotonic_ns() // 1000, self._meter)
        return ModelCall(self._recording, call)

    def model_call(
        self,
        usage: Usage | None,
        *,
        key: str,
        model: str | None = None,
        agent: str | None = None,
        started: float | None = None,
        ended: float | None = None,
    ) -> None:
        """Note a model call that has ended.

        Args:
            usage: What it consumed; None when nobody said.
            key: See `model_start`.
            model: See `model_start`.
            agent: See `model_start`.
            started: When it began, on the clock of `time.monotonic()`; default: when it ended.
            ended: When it ended, on the same clock; default: now.
        """
        end = now() if ended is None else round(ended * 1_000_000)
        start = end if started is None else round(started * 1_000_000)
        call = self._ledger.call(text("key", key), agent, model, start, self._meter)
        ModelCall(self._recording, call).end_at(end, usage)

    def tool_start(self, name: str, *, key: str) -> ToolCall:
        """Note that a tool begins to work; its input and output are nobody's business."""
        if type(key) is not str or not key:
            text("key", key)
        ledger = self._ledger
        with ledger.tree.lock:
            ledger.tools.setdefault(key, monotonic_ns() // 1000)
        return ToolCall(ledger, key)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Don't count the time inside the block, e.g. while a person decides."""
        resume = self.pause()
        try:
            yield
        finally:
            resume()

    def pause(self) -> Callable[[], None]:
        """Stop counting time; return what counts it again."""
        self._ledger.pause()
        return self._ledger.resume

    def active(self) -> AbstractContextManager[Run]:
        """Make it the current run inside the block: runs started there are nested in it."""
        return Active(self)

    def check(self) -> None:
        """Go on only if its limits leave something: for use before each paid call.

        Everything started under this run counts, and the limits of the runs it was started under
        hold as well. May be called from any thread.

        Raises:
            KeitoLimitReached: A limit leaves nothing.
        """
        meter = self._meter
        reached = None if meter is None else kept("checking limits", meter.reached, None)
        if reached is not None:
            raise reached

    def finish(
        self,
        status: Status = "ok",
        *,
        error: BaseException | None = None,
        ended: float | None = None,
    ) -> None:
        """End the run; a second call changes nothing.

        Args:
            status: How it ended.
            error: What ended it, if `status` does not already say: only its type is recorded.
            ended: When it ended, on the clock of `time.monotonic()`; default: now.

        Raises:
            ValueError: There is no such status.
        """
        if status not in STATUSES:
            raise ValueError(f"{status!r} is not a status: {', '.join(STATUSES)}")
        if status == "ok" and error is not None:
            status = status_of(error)
        ledger, parent = self._ledger, self.parent
        with ledger.tree.lock:
            if self._finished:
                return
            self._finished = True
        if self._key is not None:
            runs_by_key.leave(self._framework, self._key, self)
        if parent is None or parent._ledger is not ledger:
            named = None if error is None else type(error).__name__
            at = None if ended is None else round(ended * 1_000_000)
            tried("finishing a run", self._recording.end, ledger, status, named, at)

    def when_settled(self, call: Callable[[], None]) -> None:
        """Call this once nothing more is expected of the run: an adapter lets go of it here.

        A finished run whose model calls have all ended is settled. One with calls still open waits
        for them: at first with its record, then, for an hour, to correct it.
        """
        ledger = self._ledger
        with ledger.tree.lock:
            waits = not ledger.settled
            if waits:
                ledger.on_settled = (*ledger.on_settled, call)
        if not waits:
            call()
