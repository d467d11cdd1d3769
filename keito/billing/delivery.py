"""Delivery: effectively once, to an API that has no idempotency.

A record is marked SENDING on the disk before its first byte leaves. From then on only an answer
that proves something moves it: stored, refused, or never reached. Everything else (an error, a lost
answer, a crash) leaves it AMBIGUOUS, and it is not sent again before Keito, asked twice, has not
got it.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from .._chance import of_the_system
from .._config import configure
from .._errors import KeitoConfigError
from .._transport import Transport
from . import _log
from ._forks import only_here, whole
from ._guard import kept
from .destination import Destination
from .filing import Filing
from .genai import GenaiPrices
from .kit import Kit
from .outbox.port import Outbox
from .prices import Prices
from .sending import Sending
from .settling import Settling
from .takeover import Takeover
from .timing import Timing
from .waits import Clocks, monotonic
from .way import Way

if TYPE_CHECKING:
    from .outbox.record import State
    from .sweeping import Sweeping
    from .totals.folding import Folding


class Delivery:
    """What a courier does, one step at a time.

    Args:
        outbox: Where the records are.
        destination: Whose records it delivers.
        owner: Who it is, for the outbox.
        timing: All times.
        prices: What model calls cost; default: genai-prices, where it is installed.
        clock: Seconds since 1970.
        monotonic: Seconds on a clock that is never set; what has to wait goes by it.
        chance: A number between 0 and 1, so that couriers that failed together don't return so.
        transport: The way to Keito; default: one for the destination, if its key is known.
        sweep: Whether closed days are compared with what Keito has.
    """

    def __init__(
        self,
        outbox: Outbox,
        destination: Destination,
        *,
        owner: str,
        timing: Timing,
        prices: Prices | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = monotonic,
        chance: Callable[[], float] = of_the_system,
        transport: Transport | None = None,
        sweep: bool = False,
    ) -> None:
        self._outbox = outbox
        self._destination = destination
        self._timing = timing
        self._clock = clock
        self._monotonic = monotonic
        asked = GenaiPrices() if prices is None else prices
        self._filing = Filing(outbox, clock=clock, prices=asked, destination=destination.id)
        found = transport or _transport(destination, timing)
        self._way: Way | None = None
        clocks = Clocks(clock, monotonic)
        self._takeover = Takeover(outbox, destination.id, owner=owner, clocks=clocks)
        if found is not None:
            self._way = Way(
                found,
                timing=timing,
                monotonic=monotonic,
                chance=chance,
                secret=destination.api_key or "",
            )
            kit = Kit(
                outbox=outbox,
                way=self._way,
                destination=destination.id,
                owner=owner,
                timing=timing,
                clocks=clocks,
            )
            self._settling = Settling(kit)
            self._sending = Sending(kit)
        self._sweeping = self._new_sweeping() if sweep else None
        self._next_round = 0.0
        self._next_pruning = 0.0
        self._next_costs = 0.0
        self._next_sweep = 0.0
        self._next_totals = 0.0
        self._folding: Folding | None = None

    @property
    def holds(self) -> tuple[str, ...]:
        """What Keito refuses at the moment."""
        return self._way.refused if self._way is not None else ()

    @property
    def last_error(self) -> str | None:
        """What last went wrong."""
        return self._way.last_error if self._way is not None else None

    def step(self, *, hurry: bool = False) -> float:
        """Do the next thing there is to do; return after how many seconds to come back.

        Args:
            hurry: Whether somebody waits for what otherwise would wait for more of its kind.
        """
        now = self._monotonic()
        filed = self._filing.arrivals()
        if now >= self._next_round:
            self._next_round = now + self._timing.poll
            self._filing.orphans()
            self._takeover.step()
        if now >= self._next_costs:
            self._next_costs = now + self._timing.costs
            kept("passing costs on", self._pass_costs_on, None)
        if now >= self._next_pruning:
            self._next_pruning = now + 86_400
            self._outbox.prune(before=self._clock() - self._timing.keep)
        if self._way is None:
            return 0.0 if filed else self._timing.poll
        if filed or hurry or now >= self._next_totals:
            self._next_totals = now + min(self._timing.poll, self._timing.totals)
            kept("adding runs up", functools.partial(self._add_up, hurry), None)
        until_settled = self._settling.step()
        if self._sending.step() or filed:
            return 0.0
        if self._sweeping is not None:
            kept("sweeping", self._sweep, None)
        return min(self._way.wait or self._timing.poll, until_settled, self._timing.poll)

    def _pass_costs_on(self) -> None:
        # No time zone is more than 14 hours ahead: days from there on are open everywhere.
        ahead = datetime.fromtimestamp(self._clock() + 14 * 3600, timezone.utc)
        open_day = ahead.date().isoformat()
        if self._outbox.costs_due(self._destination.id, before=open_day):
            with whole():
                # Imported here: few want the expense, and nobody else needs to load it.
                from .passing_on import PassingOn

            passing = PassingOn(self._outbox, self._destination, clock=self._clock)
            passing.step(before=open_day)

    def _add_up(self, hurry: bool) -> None:
        if self._folding is None:
            states: tuple[State, ...] = ("COLLECTED", "FOLDED")
            if not self._outbox.in_state(self._destination.id, *states):
                return
            with whole():
                # Imported here: few have their runs added up, and nobody else needs to load it.
                from .totals.folding import Folding

            self._folding = Folding(
                self._outbox, self._destination.id, wait=self._timing.totals, clock=self._clock
            )
        self._folding.step(hurry=hurry)

    def _sweep(self) -> None:
        # After all that is to be sent, and within our own limit on requests.
        now = self._monotonic()
        if self._sweeping is None or self._way is None or now < self._next_sweep:
            return
        if self._way.wait or self._way.held:
            return
        self._next_sweep = now + self._timing.costs
        if self._sweeping.step():
            self._next_sweep = now

    def _new_sweeping(self) -> Sweeping | None:
        if self._way is None:
            return None
        # Imported here: few want it, and nobody else needs to load it.
        from .sweep import Sweep
        from .sweeping import Sweeping

        id, exchange = self._destination.id, self._way.exchange
        sweep = Sweep(self._outbox, id, exchange, timing=self._timing, clock=self._clock)
        return Sweeping(self._outbox, self._destination, sweep, clock=self._clock)

    def close(self) -> None:
        """Close the connections to Keito."""
        if self._way is not None:
            self._way.close()


def _transport(destination: Destination, timing: Timing) -> Transport | None:
    if not destination.complete:
        return None
    try:
        config = configure(
            api_key=destination.api_key,
            account_id=destination.account_id,
            base_url=destination.base_url,
            timeout=timing.timeout,
        )
    except KeitoConfigError as error:
        _log.warn("config", f"records are kept and nothing is sent: {error}")
        return None
    return Transport(config, watch=only_here())
