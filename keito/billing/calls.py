"""Model and tool calls: under way, and as a record has them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ._guard import tried
from .arguments import text
from .clocks import now
from .endings import may_have_cost
from .usage import Usage, count, counts, money

if TYPE_CHECKING:
    from .ledger import Ledger
    from .meter import Meter
    from .recording import Recording
    from .summing import ToldCall

_UNKNOWN = Usage()


class Call:
    """One model call, from whichever source it was heard of first.

    Attributes:
        priced: What it costs in US dollars, and the usage that was priced.
    """

    ended: int | None = None
    usage: Usage | None = None
    failed: bool = False
    priced: tuple[Usage | None, Decimal | None] | None = None

    def __init__(
        self,
        key: str,
        ledger: Ledger,
        agent: str | None,
        model: str | None,
        started: int,
        meter: Meter | None = None,
    ) -> None:
        self.key = key
        self.ledger = ledger
        self.agent = agent
        self.model = model
        self.started = started
        self.meter = meter

    @property
    def open(self) -> bool:
        """Whether its end is still awaited."""
        return self.ended is None

    @property
    def tokens(self) -> int:
        """How many tokens went in and out, as far as anyone said."""
        usage = self.usage or Usage()
        return (count(usage.input_tokens) or 0) + (count(usage.output_tokens) or 0)

    @property
    def complete(self) -> bool:
        """Whether it is known how many tokens went in and out."""
        return self.failed or (self.usage is not None and self.usage.complete)

    def take(self, usage: Usage | None, *, at: int, failed: bool) -> bool:
        """Note the end, or what a better source says about it; whether that is news."""
        if not isinstance(usage, Usage):
            usage = None
        if self.ended is None:
            self.ended = max(at, self.started)
        elif self.usage is not None or usage is None:
            return False
        self.usage = usage
        self.failed = failed and usage is None
        if self.meter is not None:
            self.meter.end(self)
        return True

    def told(self) -> ToldCall:
        """Return what its run's record is told of it."""
        usage = self.usage or _UNKNOWN
        cost = money(usage.reported_cost_usd)
        return (
            self.started,
            self.ended,
            self.failed,
            usage.provider,
            usage.model or self.model,
            self.agent,
            None if cost is None else str(cost),
            *counts(usage),
        )


class ModelCall:
    """A model call under way."""

    __slots__ = ("_call", "_recording")

    def __init__(self, recording: Recording, call: Call) -> None:
        self._recording = recording
        self._call = call

    def end(self, usage: Usage | None = None, *, key: str | None = None) -> None:
        """Note its end and what it consumed; None when nobody said.

        Args:
            usage: What it consumed.
            key: The provider's response id, where only the answer has told it: what others report
                under that key is this call.
        """
        if key is not None:
            self._call = self._call.ledger.known_as(text("key", key), self._call)
        self.end_at(now(), usage)

    def end_at(self, moment: int, usage: Usage | None, *, failed: bool = False) -> None:
        """Note its end at a moment, in microseconds on the clock of the ledger."""
        ended = self._recording.call_ended
        tried("recording a model call", ended, self._call, usage, moment, failed)

    def fail(self, error: BaseException | None = None) -> None:
        """Note that it failed. Where the provider may still charge, its usage is unknown."""
        self.end_at(now(), None, failed=not (error is None or may_have_cost(error)))

    def withdraw(self) -> None:
        """Take it back, as if it had never begun: it belongs to the record of another run."""
        ledger = self._call.ledger
        with ledger.tree.lock:
            ledger.drop(self._call)


class ToolCall:
    """A tool at work."""

    __slots__ = ("_key", "_ledger")

    def __init__(self, ledger: Ledger, key: str) -> None:
        self._ledger = ledger
        self._key = key

    def end(self) -> None:
        """Note that it is done."""
        ledger = self._ledger
        with ledger.tree.lock:
            begun = ledger.tools.get(self._key)
            if isinstance(begun, int):
                ledger.tools[self._key] = (begun, now())

    def fail(self, error: BaseException | None = None) -> None:
        """Note that it failed; it worked until then all the same."""
        self.end()
