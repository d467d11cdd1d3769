"""Model and tool calls: under way, and as a record has them."""

from __future__ import annotations

from decimal import Decimal
from time import monotonic_ns
from typing import TYPE_CHECKING

from ._facts import quoted
from ._guard import tried
from .arguments import text
from .clocks import now
from .endings import cost_nothing
from .usage import Usage, count, counts, money

if TYPE_CHECKING:
    from .ledger import Ledger
    from .meter import Meter
    from .recording import Recording

_UNKNOWN = Usage()
_NULL = "null"


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

    def told(self) -> str:
        """Return what its run's record is told of it, as JSON; see `summing.ToldCall`."""
        usage = self.usage or _UNKNOWN
        provider, model, agent = usage.provider, usage.model or self.model, self.agent
        cost = usage.reported_cost_usd
        if cost is not None:
            cost = money(cost)
        ended = _NULL if self.ended is None else self.ended
        return (
            f"[{self.started},{ended},{'true' if self.failed else 'false'},"
            f"{_NULL if provider is None else quoted(provider)},"
            f"{_NULL if model is None else quoted(model)},"
            f"{_NULL if agent is None else quoted(agent)},"
            f"{_NULL if cost is None else quoted(str(cost))},"
            # Whole numbers and None: but for the latter, their text is JSON.
            f"{str(counts(usage)).replace('None', _NULL)}]"
        )


class ModelCall:
    """A model call under way."""

    __slots__ = ("_call", "_recording")

    # What an agent waits for at each call asks no clock and checks no argument through a function.

    def __init__(self, recording: Recording, call: Call) -> None:
        self._recording = recording
        self._call = call

    @property
    def record(self) -> str:
        """The id of the run in whose record it is."""
        return self._call.ledger.id

    def end(self, usage: Usage | None = None, *, key: str | None = None) -> None:
        """Note its end and what it consumed; None when nobody said.

        Args:
            usage: What it consumed.
            key: The provider's response id, where only the answer has told it: what others report
                under that key is this call.
        """
        call = self._call
        if key is not None:
            if type(key) is not str or not key:
                text("key", key)
            # One step of Python's, so without the lock.
            if key != call.key and call.ledger.tree.calls.setdefault(key, call) is not call:
                self._call = call = call.ledger.known_as(key, call)
        ended = self._recording.call_ended
        tried("recording a model call", ended, call, usage, monotonic_ns() // 1000, False)

    def end_at(self, moment: int, usage: Usage | None, *, failed: bool = False) -> None:
        """Note its end at a moment, in microseconds on the clock of the ledger."""
        ended = self._recording.call_ended
        tried("recording a model call", ended, self._call, usage, moment, failed)

    def fail(self, error: BaseException | None = None) -> None:
        """Note that it failed. Its usage is unknown, unless the error says it cost nothing."""
        self.end_at(now(), None, failed=error is not None and cost_nothing(error))

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
            if type(begun) is int:
                ledger.tools[self._key] = [begun, monotonic_ns() // 1000]

    def fail(self, error: BaseException | None = None) -> None:
        """Note that it failed; it worked until then all the same."""
        self.end()
