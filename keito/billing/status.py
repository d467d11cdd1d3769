"""How delivery stands, for people and monitors."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import patience
from ._guard import kept
from .in_time import in_time
from .outbox.record import UNDELIVERED, Counts, State

if TYPE_CHECKING:
    from .outbox import Outbox
    from .recording import Recording
    from .sweep_report import SweepReport

# Seconds from which on delivery is said to take long.
_LONG = 3600.0
# Seconds within which an outbox is expected to say what it holds.
_ASKING = 1.0
_ADVICE = (
    'Recorder(granularity="day") sends one entry for all runs of a day instead of one for each'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderStatus:
    """How delivery stands.

    Attributes:
        mode: `live`, `test`, `record` or `off`.
        records: How many records are in each state.
        held: How many of the READY ones wait for their release.
        unfiled: How many finished runs and outcomes are not records yet.
        in_memory: How many lines could not be written to the outbox yet.
        open_runs: How many runs are under way in this process.
        oldest_age: Seconds since the oldest undelivered record was made; None without any.
        last_error: What last went wrong with delivery, if anything.
        holds: What is refused at the moment, e.g. a project.
        durable: Whether records survive this process.
        forecast: About how many seconds the undelivered take at the rate that was chosen; None
            without a limit.
        advice: What would make it shorter, if it is long.
        sweep: What the last sweep found; None before the first one, or if it is off.
    """

    mode: str
    records: Mapping[State, int]
    held: int
    unfiled: int
    in_memory: int
    open_runs: int
    oldest_age: float | None
    last_error: str | None
    holds: tuple[str, ...]
    durable: bool
    forecast: float | None = None
    advice: str | None = None
    sweep: SweepReport | None = None

    @property
    def undelivered(self) -> int:
        """How many records are still to be sent."""
        waiting = sum(self.records.get(s, 0) for s in UNDELIVERED)
        return waiting - self.held + self.unfiled + self.in_memory


def _counted(outbox: Outbox, destination: str) -> Counts | None:
    end = time.monotonic() + _ASKING

    def count() -> Counts | None:
        with patience.until(end):
            return kept("counting", functools.partial(outbox.counts, destination), None)

    return in_time(count, end, lambda: None) if outbox.remote else count()


def standing(recording: Recording) -> RecorderStatus:
    """Tell how delivery stands, as far as the outbox can be asked."""
    outbox: Outbox | None = None
    if recording.mode != "off":
        outbox = kept("opening the outbox", recording.opened, None)
    counts = None if outbox is None else _counted(outbox, recording.destination.id)
    oldest = counts.oldest if counts else None
    status = RecorderStatus(
        mode=recording.mode,
        records=counts.states if counts else {},
        held=counts.held if counts else 0,
        unfiled=counts.journal if counts else 0,
        in_memory=recording.journal.waiting,
        open_runs=recording.open_runs,
        oldest_age=None if oldest is None else max(0.0, time.time() - oldest),
        last_error=recording.courier.last_error,
        holds=recording.courier.holds,
        durable=outbox is not None and outbox.durable,
    )
    if outbox is not None and recording.settings.sweep:
        from .sweeping import last_report

        found = functools.partial(last_report, outbox, recording.destination.id)
        status = replace(status, sweep=kept("reading the last sweep", found, None))
    # What is added up goes in one request.
    collected = status.records.get("COLLECTED", 0)
    requests = status.undelivered - collected + bool(collected)
    forecast = recording.courier.forecast(requests)
    long = forecast is not None and forecast >= _LONG and recording.settings.granularity == "run"
    return replace(status, forecast=forecast, advice=_ADVICE if long else None)
