"""From microseconds to hours: what is counted, and how it is split over days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal

from .amounts import amount
from .contract import Contract, TimeBasis
from .intervals import Interval, first, length, minus, within
from .run_facts import RunFacts
from .usage import EXACT

SECOND = 1_000_000
HOUR = 3600 * SECOND
LONGEST = 24 * HOUR
_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one entry says about time. All times are microseconds since 1970.

    Attributes:
        day: The date it is booked on, in the contract's time zone.
        start: When it began.
        end: When it ended.
        counted: How much of it counts.
        hours: How much that is in hours, rounded as it is charged; the parts of a run add up to
            the run's hours exactly.
        rounding: What rounding up adds to `counted`; less than 0 if an earlier entry of the day was
            rounded up so far that this one is charged less than it has worked.
    """

    day: date
    start: int
    end: int
    counted: int
    hours: Decimal
    rounding: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The stretches of a run that count, from its start.

    Attributes:
        basis: What they are: `wall` when nothing was active, whatever the contract says.
        capped: Whether the contract's longest run cut them.
    """

    intervals: list[Interval]
    basis: TimeBasis
    capped: bool = False


def zone(name: str) -> tzinfo:
    """Return a time zone."""
    if name == "UTC":
        return timezone.utc
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def counted(result: RunFacts, contract: Contract, *, capped: bool) -> Counted:
    """Say what of a run counts.

    Args:
        result: What came of the run.
        contract: How its time is counted.
        capped: Whether the contract's longest run applies.
    """
    elapsed = result.get("elapsed", 0)
    others = [*result.get("pauses", []), *result.get("taken", [])]
    own = minus([(0, elapsed)], others)
    basis: TimeBasis = "wall"
    active = result.get("active", [])
    if contract.time_basis == "active" and active:
        basis = "active"
        own = minus(own, minus([(0, elapsed)], active))
    longest = amount("max_hours_per_run", contract.max_hours_per_run)
    most = int(EXACT.multiply(longest, Decimal(HOUR)))
    if not capped or length(own) <= most:
        return Counted(intervals=own, basis=basis)
    return Counted(intervals=first(own, most), basis=basis, capped=True)


def split(start: int, elapsed: int, intervals: Sequence[Interval], where: tzinfo) -> list[Part]:
    """Split a run into entries: one per day that has counted time, none above 24 hours.

    A day without counted time belongs to the entry before it, so that the entries cover the run.
    """
    absolute = [(start + a, start + b) for a, b in intervals]
    spans = [span for span in _days(start, start + elapsed, where)]
    booked = [span for span in spans if length(within(absolute, *span))] or spans[:1]
    parts: list[Part] = []
    total = 0
    for index, (begin, _) in enumerate(booked):
        first_moment = start if index == 0 else begin
        last = booked[index + 1][0] if index + 1 < len(booked) else start + elapsed
        time = length(within(absolute, first_moment, last))
        parts.append(
            Part(
                day=_local(begin, where).date(),
                start=first_moment,
                end=last,
                counted=time,
                hours=EXACT.subtract(hours(total + time), hours(total)),
            )
        )
        total += time
    return parts


def in_place(parts: Sequence[Part], days: Sequence[str]) -> list[Part]:
    """Put parts where their days are; a day that turned out to have none gets an empty one.

    Args:
        parts: The parts of a run, in order.
        days: The days of its parts as they were known before, as ISO text.
    """
    left = list(parts)
    placed: list[Part] = []
    for day in days:
        found = next((part for part in left if part.day.isoformat() == day), None)
        if found is None:
            placed.append(_empty(date.fromisoformat(day), parts[-1].end))
        else:
            left.remove(found)
            placed.append(found)
    return placed + left


def seconds(microseconds: int) -> Decimal:
    """Return microseconds as exact seconds."""
    return _in(SECOND, microseconds)


def hours(microseconds: int) -> Decimal:
    """Return microseconds as hours, to six places."""
    return _in(HOUR, microseconds)


def text(moment: int, where: tzinfo) -> str:
    """Return a moment as ISO text with its offset."""
    return _local(moment, where).isoformat(timespec="microseconds")


def _empty(day: date, moment: int) -> Part:
    return Part(day=day, start=moment, end=moment, counted=0, hours=hours(0))


def _in(unit: int, microseconds: int) -> Decimal:
    return EXACT.quantize(EXACT.divide(Decimal(microseconds), Decimal(unit)), _PLACES)


def _days(start: int, end: int, where: tzinfo) -> Iterator[Interval]:
    """Cut a stretch at each midnight; a day of 25 hours also after 24."""
    begin = start
    while True:
        midnight = _next_midnight(begin, where)
        until = min(end, midnight, begin + LONGEST)
        yield begin, until
        if until >= end:
            return
        begin = until


def _next_midnight(moment: int, where: tzinfo) -> int:
    tomorrow = _local(moment, where).date() + timedelta(days=1)
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=where)
    return int(midnight.timestamp()) * SECOND


def _local(moment: int, where: tzinfo) -> datetime:
    whole, rest = divmod(moment, SECOND)
    return datetime.fromtimestamp(whole, where).replace(microsecond=rest)
