"""The record in the making: what happened in a run and in the runs folded into it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from .intervals import Interval, within
from .parts import work_of_part
from .target import Target
from .tree import Tree
from .usage import Usage, count, each, text, totals

if TYPE_CHECKING:
    from .meter import Meter

# A call the provider refused cost nothing, and nothing about it is unknown.
_REFUSED = Usage(input_tokens=0, output_tokens=0)


def now() -> int:
    """Microseconds on a clock that is never set back."""
    return time.monotonic_ns() // 1000


def wall_clock() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


@dataclass(slots=True, eq=False)
class Call:
    """One model call, from whichever source it was heard of first."""

    key: str
    ledger: Ledger
    agent: str | None
    model: str | None
    started: int
    meter: Meter | None = None
    ended: int | None = None
    usage: Usage | None = None
    failed: bool = False
    # What it costs in US dollars, and the usage that was priced.
    priced: tuple[Usage | None, Decimal | None] | None = None

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


@dataclass(slots=True, eq=False)
class Ledger:
    """Everything that one record will say.

    All of it is read and changed under the tree's lock: events arrive from any thread.
    """

    id: str
    name: str
    target: Target
    tree: Tree
    above: Ledger | None
    started_at: int
    framework: str = "python"
    follows: str | None = None
    work: str | None = field(init=False)
    started: int = field(default_factory=now)
    ended: int | None = None
    status: str = "ok"
    error: str | None = None
    closed: bool = False
    taken: list[Interval] = field(default_factory=list)
    pauses: list[Interval] = field(default_factory=list)
    paused_since: int | None = None
    pauses_open: int = 0
    calls: list[Call] = field(default_factory=list)
    tools: dict[str, Interval | int] = field(default_factory=dict)
    outcomes: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    successes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    notes: list[str] = field(default_factory=list)
    metadata: dict[str, object] = field(default_factory=dict)
    session: str | None = None
    written: bool = False
    corrected: bool = False
    corrections: int = 0
    settled: bool = False
    on_settled: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.work = self.target.work_key
        above = self.above
        # Also for another client: whoever redelivers the job redelivers what is nested in it.
        own = self.work is not None and (above is None or self.work != above.target.work_key)
        if above is None or above.work is None or own:
            return
        # A piece of the job its parent works on: charged beside it, and like it once.
        self.work = self.tree.piece(f"{above.work}\n{self.name}")

    def piece(self, what: tuple[str, ...], key: str | None) -> str | None:
        """Name a success of the job: the same in every attempt that tells of it under this key.

        Without a key its place among those of its kind names it.
        """
        if self.work is None:
            return None
        if key is not None:
            return f"{self.work}\nnamed\n{key}"
        return self.tree.piece("\n".join((self.work, *what)))

    def go_on_with(self, run: str) -> None:
        """Note that this is where another run goes on that has waited for a person."""
        self.follows = run
        if self.work is not None:
            # The rest of the job is no second attempt at it, and a redelivery has it once more.
            self.work = work_of_part(self.work, self.id)

    def is_below(self, other: Ledger) -> bool:
        """Whether this record was started, directly or not, under the other."""
        above = self.above
        while above is not None:
            if above is other:
                return True
            above = above.above
        return False

    def call(
        self,
        key: str,
        *,
        agent: str | None,
        model: str | None,
        started: int,
        meter: Meter | None = None,
    ) -> Call:
        """Return the model call with this key: known from anywhere in the tree, or new here."""
        known = self.tree.calls.get(key)
        if known is not None:
            return known
        call = Call(key, self, text(agent), text(model), started, meter)
        self.tree.calls[key] = call
        self.calls.append(call)
        if meter is not None:
            meter.begin()
        return call

    def known_as(self, key: str, call: Call) -> Call:
        """Give a call of this record a second key; return the call that others told of under it."""
        with self.tree.lock:
            known = self.tree.calls.setdefault(key, call)
            # Some servers use one id for every answer: then both go by keys of their own.
            if known is call or known.key != key:
                return call
            self.drop(call)
            return known

    def drop(self, call: Call) -> None:
        """Forget a call that is told of elsewhere."""
        if call not in self.calls:
            return
        self.calls.remove(call)
        del self.tree.calls[call.key]
        if call.meter is not None:
            call.meter.take_back()

    @property
    def open_calls(self) -> int:
        """How many model calls have started and not ended."""
        return len([call for call in self.calls if call.ended is None]) if self.calls else 0

    def pause(self) -> None:
        """Stop counting time, until as many `resume` as `pause` were called."""
        self.pauses_open += 1
        if self.pauses_open == 1:
            self.paused_since = now()

    def resume(self) -> None:
        """Count time again."""
        self.pauses_open -= 1
        if self.pauses_open == 0 and self.paused_since is not None:
            self.pauses.append((self.paused_since, now()))
            self.paused_since = None

    def end(self, status: str, error: str | None, *, at: int | None = None) -> None:
        """Fix the run's time and how it ended."""
        ended = now() if at is None else max(at, self.started)
        self.status, self.error, self.ended = status, error, ended
        if self.paused_since is not None:
            self.pauses.append((self.paused_since, self.ended))
            self.paused_since = None
        self.taken = self.tree.leave(self, self.started, self.ended, self.pauses)

    def facts(self) -> dict[str, object]:
        """Return what came of it, without what is empty: times are microseconds from its start."""
        ended = self.ended if self.ended is not None else now()
        said: dict[str, object] = {"elapsed": ended - self.started, "status": self.status}
        if self.error is not None:
            said["error"] = self.error
        if self.calls:
            said["usage"] = self._usage()
        if self.calls or self.tools:
            said["active"] = self._offsets(self._active(ended), ended)
        if self.tools:
            said["tools"] = len(self.tools)
        if self.pauses:
            said["pauses"] = self._offsets(self.pauses, ended)
        if self.taken:
            said["taken"] = self._offsets(self.taken, ended)
        for name in ("successes", "notes", "metadata", "session"):
            if value := getattr(self, name):
                said[name] = value
        return said

    def _active(self, ended: int) -> list[Interval]:
        calls = [(c.started, c.ended if c.ended is not None else ended) for c in self.calls]
        tools = [(t, ended) if isinstance(t, int) else t for t in self.tools.values()]
        return [*calls, *tools]

    def _offsets(self, intervals: list[Interval], ended: int) -> list[Interval]:
        clipped = within(intervals, self.started, ended)
        return [(a - self.started, b - self.started) for a, b in clipped]

    def _usage(self) -> list[dict[str, object]]:
        groups: dict[tuple[str | None, ...], list[Call]] = {}
        for call in self.calls:
            usage = call.usage or Usage()
            group = (usage.provider, usage.model or call.model, call.agent)
            groups.setdefault(group, []).append(call)
        return [
            {
                "provider": provider,
                "model": model,
                "agent": agent,
                **totals(_REFUSED if call.failed else call.usage for call in calls),
                "each": each(call.usage for call in calls if not call.failed),
            }
            for (provider, model, agent), calls in groups.items()
        ]
