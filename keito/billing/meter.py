"""What a limited run has used so far."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from . import _log
from ._forks import whole
from ._guard import kept, refused
from .calls import Call
from .clocks import now
from .intervals import length, within
from .ledger import Ledger
from .limits import KeitoLimitReached, Limits
from .usage import EXACT, Usage

if TYPE_CHECKING:
    from .prices import Prices

_NOTHING = Decimal(0)


@cache
def load_prices() -> None:
    """Load the default price list in a thread, once: the first check would take long to do it.

    A check may stand on an event loop. One that comes before all is loaded waits for the rest.
    """
    thread = threading.Thread(target=_load_prices, name="keito-prices", daemon=True)
    # A process may have no thread left: the first check then loads what it needs.
    refused(thread.start)


def _load_prices() -> None:
    kept("loading prices", _look_one_up, None)


def _look_one_up() -> None:
    with whole():
        from .genai import GenaiPrices

    # All of it is loaded only where a model is found; one that is not there any more finds most.
    GenaiPrices().cost(Usage(model="gpt-4o", input_tokens=1, output_tokens=1), day=date.min)


@dataclass(slots=True, eq=False)
class Meter:
    """What a limited run, with everything started under it, has used.

    All of it is read and changed under the tree's lock. Only prices are asked for without it: a
    price list may take its time, and events must not wait for that. Calls that have ended wait
    here until somebody checks, so that recording them costs next to nothing.

    Attributes:
        limits: What holds for it.
        ledger: Where the run is recorded.
        above: The meter of the nearest limited run it was started under.
        prices: What calls cost whose provider does not say; None: genai-prices.
        time_zone: Whose days decide what a call costs.
        started: When the run began.
        model_calls: How many model calls have begun.
        tokens: How many tokens they took, as far as anyone said.
        cost: What they cost in US dollars, as far as anyone knows.
    """

    limits: tuple[Limits, ...]
    ledger: Ledger
    above: Meter | None
    prices: Prices | None
    time_zone: str
    started: int = field(default_factory=now)
    model_calls: int = 0
    tokens: int = 0
    cost: Decimal = _NOTHING
    _ended: set[Call] = field(default_factory=set)
    _unknown: dict[str, set[Call]] = field(default_factory=lambda: {"tokens": set(), "cost": set()})

    def begin(self) -> None:
        """Count a model call that begins."""
        for meter in self._upwards():
            meter.model_calls += 1

    def take_back(self) -> None:
        """Don't count a model call that has not ended, and is another's."""
        for meter in self._upwards():
            meter.model_calls -= 1

    def end(self, call: Call) -> None:
        """Take in what a call consumed, or what a better source says about it."""
        for meter in self._upwards():
            meter._ended.add(call)

    def reached(self) -> KeitoLimitReached | None:
        """Return the limit that leaves nothing, here or in a run this one was started under."""
        for meter in self._upwards():
            meter._count()
            for limits in meter.limits:
                found = meter._beyond(limits)
                if found is not None:
                    return found
        return None

    def _upwards(self) -> Iterator[Meter]:
        meter: Meter | None = self
        while meter is not None:
            yield meter
            meter = meter.above

    def _count(self) -> None:
        with self.ledger.tree.lock:
            ended = [(call, call.usage) for call in self._ended]
        priced = [(call, usage, self._price(call, usage)) for call, usage in ended]
        with self.ledger.tree.lock:
            for call, usage, cost in priced:
                # Meanwhile another thread may have counted it, or a better source told its usage.
                if call in self._ended and call.usage is usage:
                    self._ended.remove(call)
                    self._add(call, cost)

    def _add(self, call: Call, cost: Decimal | None) -> None:
        # Whatever was counted before of a call whose usage is only told now was nothing.
        self.tokens += call.tokens
        self.cost = EXACT.add(self.cost, cost or _NOTHING)
        self._note("tokens", call, unknown=not call.complete)
        self._note("cost", call, unknown=cost is None)

    def _note(self, name: str, call: Call, *, unknown: bool) -> None:
        if not unknown:
            self._unknown[name].discard(call)
            return
        self._unknown[name].add(call)
        if any(getattr(one, name) is not None and one.on_unknown == "allow" for one in self.limits):
            _log.warn(
                f"unknown {name}",
                f"{name} of a run are limited, and those of a model call are not known: only what "
                "is known counts. Limits(on_unknown='stop') stops the run instead",
            )

    def _price(self, call: Call, usage: Usage | None) -> Decimal | None:
        if call.failed or all(one.cost is None for one in self.limits):
            return _NOTHING
        if call.priced is None or call.priced[0] is not usage:
            call.priced = (usage, self._asked(call, usage))
        return call.priced[1]

    def _asked(self, call: Call, usage: Usage | None) -> Decimal | None:
        if usage is None:
            return None
        # Recording does without prices; see `load_prices`.
        from .cost import call_cost
        from .genai import GenaiPrices
        from .hours import zone

        began = call.ledger.started_at // 1_000_000
        cost = call_cost(
            usage,
            day=datetime.fromtimestamp(began, zone(self.time_zone)).date(),
            prices=GenaiPrices() if self.prices is None else self.prices,
            model=call.model,
        )
        return None if cost is None else cost.usd

    def _beyond(self, limits: Limits) -> KeitoLimitReached | None:
        with self.ledger.tree.lock:
            used: dict[str, Decimal | float] = {
                "model_calls": self.model_calls,
                "tokens": self.tokens,
                "cost": self.cost,
                "seconds": self._seconds(),
            }
            unknown = [name for name, calls in self._unknown.items() if calls]
        for name, amount in used.items():
            most = getattr(limits, name)
            if most is not None and amount >= most:
                return KeitoLimitReached(name, most, amount)
            if most is not None and name in unknown and limits.on_unknown == "stop":
                return KeitoLimitReached(name, most, None)
        return None

    def _seconds(self) -> float:
        moment, ledger = now(), self.ledger
        pauses = list(ledger.pauses)
        if ledger.paused_since is not None:
            pauses.append((ledger.paused_since, moment))
        paused = length(within(pauses, self.started, moment))
        return (moment - self.started - paused) / 1_000_000
