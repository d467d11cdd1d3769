"""Sweeping by itself: each day once when it has closed, and once more a week later."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime, timedelta, timezone

from . import _log
from .destination import Destination
from .keys import record_key
from .outbox.port import Outbox
from .outbox.record import Record
from .sweep import Sweep
from .sweep_report import SweepReport, read_report

# A day is over everywhere 12 hours after it is in UTC. An hour more is for what comes late.
_CLOSED = timedelta(hours=13)
# People correct a day's entries in the days after it.
_AGAIN = 7

_Running = tuple[str, str, Generator[None, None, SweepReport]]


class Sweeping:
    """Sweeps the days that are due, and keeps the reports in the outbox.

    A report is a record that is never sent: `PARKED` if there is something for a person to look at.

    Args:
        outbox: Where the reports go.
        destination: Whose days.
        sweep: What compares them.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        outbox: Outbox,
        destination: Destination,
        sweep: Sweep,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._destination = destination
        self._sweep = sweep
        self._clock = clock
        self._running: _Running | None = None

    def step(self) -> bool:
        """Do one listing of what is due and was not swept yet, by whichever courier.

        Returns:
            Whether there is more to do at once.
        """
        if self._running is None:
            self._running = self._due()
        if self._running is None:
            return False
        _, key, steps = self._running
        try:
            next(steps)
        except StopIteration as end:
            self._running = None
            return self._keep(end.value, key)
        except BaseException:
            self._running = None
            raise
        return True

    def _due(self) -> _Running | None:
        closed = (datetime.fromtimestamp(self._clock(), timezone.utc) - _CLOSED).date()
        for back in (1, 1 + _AGAIN):
            day = (closed - timedelta(days=back)).isoformat()
            key = record_key(
                self._destination.account_id, self._destination.id, "sweep", day, str(back)
            )
            if self._outbox.find(key) is None:
                return day, key, self._sweep.steps(day)
        return None

    def _keep(self, report: SweepReport, key: str) -> bool:
        if report.unlisted:
            # Not a report yet: it is tried again.
            _log.warn("sweep", f"Keito would not list all of {report.day}: it is swept later")
            return False
        if report.findings:
            _log.warn(
                f"sweep {key}",
                f"the sweep of {report.day} found {report.summary()}: see recorder.status().sweep",
            )
        self._outbox.file([self._record(report, key)], contracts={}, lines=(), runs=())
        return True

    def _record(self, report: SweepReport, key: str) -> Record:
        now, found = self._clock(), bool(report.findings)
        return Record(
            key=key,
            run="",
            kind="sweep",
            destination=self._destination.id,
            state="PARKED" if found else "DONE",
            reason=f"sweep of {report.day}: {report.summary()}" if found else "",
            payload="",
            facts=report.json(),
            day=report.day,
            tally=series(self._destination.id),
            made=now,
            since=now,
        )


def series(destination: str) -> str:
    """Name what the reports of a destination are found by."""
    return f"sweep\n{destination}"


def last_report(outbox: Outbox, destination: str) -> SweepReport | None:
    """Return the last report; None before the first one."""
    last = outbox.last(series(destination))
    return None if last is None else read_report(last.facts)
