"""Rounding up what is charged: by run, or by day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from .contract import Contract
from .hours import LONGEST, Part, hours
from .usage import EXACT

_MICROSECOND = timedelta(microseconds=1)


def rounded(parts: Sequence[Part], contract: Contract, so_far: Callable[[date], int]) -> list[Part]:
    """Round the time of a charged run as its contract says.

    Args:
        parts: The run's time, as `split` returns it.
        contract: What is charged.
        so_far: How many microseconds of a day earlier entries have counted; for `rounded_per`
            `day`.
    """
    if not contract.rounds:
        return list(parts)
    if contract.rounded_per == "day":
        return _by_day(parts, contract, so_far)
    return _as_a_whole(parts, contract)


def _as_a_whole(parts: Sequence[Part], contract: Contract) -> list[Part]:
    whole = sum(part.counted for part in parts)
    left = _up(max(whole, _microseconds(contract.minimum)), contract) - whole
    lengths = [part.counted for part in parts]
    for index in reversed(range(len(parts))):
        added = min(left, LONGEST - lengths[index])
        lengths[index] += added
        left -= added
    # Days that are full already, and an increment of which they are no multiple.
    lengths[-1] += left
    made: list[Part] = []
    begin = 0
    for part, length in zip(parts, lengths, strict=True):
        made += _entries(part, begin, begin + length)
        begin += length
    return made


def _by_day(parts: Sequence[Part], contract: Contract, so_far: Callable[[date], int]) -> list[Part]:
    days: dict[date, int] = {}
    made: list[Part] = []
    for part in parts:
        before = days[part.day] if part.day in days else so_far(part.day)
        days[part.day] = after = before + part.counted
        # Each entry is charged what it adds to its day, so that all of them add up to the day,
        # whichever comes first.
        made += _entries(part, _of_a_day(before, contract), _of_a_day(after, contract))
    return made


def _of_a_day(counted: int, contract: Contract) -> int:
    return _up(max(counted, _microseconds(contract.minimum)), contract) if counted else 0


def _up(counted: int, contract: Contract) -> int:
    increment = _microseconds(contract.increment) or 1
    return -(-counted // increment) * increment


def _microseconds(time: timedelta | None) -> int:
    return 0 if time is None else time // _MICROSECOND


def _entries(part: Part, begin: int, end: int) -> list[Part]:
    """Charge a part from `begin` to `end` of all that adds up; in two if it is above 24 hours."""
    until = min(end, begin + LONGEST)
    first = replace(
        part,
        rounding=until - begin - part.counted,
        hours=EXACT.subtract(hours(until), hours(begin)),
    )
    if until == end:
        return [first]
    rest = replace(part, start=part.end, counted=0, rounding=0, hours=hours(0))
    return [first, *_entries(rest, until, end)]
