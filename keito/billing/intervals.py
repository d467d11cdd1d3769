"""Arithmetic on stretches of time: pairs of whole microseconds, so that nothing is rounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

Interval = tuple[int, int]


def union(intervals: Iterable[Sequence[int]]) -> list[Interval]:
    """Return them sorted and without overlaps."""
    result: list[Interval] = []
    for start, end in sorted((i[0], i[1]) for i in intervals):
        if end <= start:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def minus(intervals: Iterable[Sequence[int]], taken: Iterable[Sequence[int]]) -> list[Interval]:
    """Return what is left of them outside `taken`."""
    left: list[Interval] = []
    # One pass over both: a stream has a pause for each of its tokens, and an agent waits for this.
    gaps, passed = union(taken), 0
    for whole in union(intervals):
        while passed < len(gaps) and gaps[passed][1] <= whole[0]:
            passed += 1
        left += _outside(whole, gaps, passed)
    return left


def within(intervals: Iterable[Sequence[int]], start: int, end: int) -> list[Interval]:
    """Return the parts of them between two moments."""
    return union((max(a, start), min(b, end)) for a, b in intervals)


def first(intervals: Iterable[Sequence[int]], most: int) -> list[Interval]:
    """Return their beginning, up to this total length."""
    result: list[Interval] = []
    for start, end in union(intervals):
        if most <= 0:
            break
        result.append((start, min(end, start + most)))
        most -= end - start
    return result


def length(intervals: Iterable[Sequence[int]]) -> int:
    """Return how long they are together, counting overlaps once."""
    return sum(end - start for start, end in union(intervals))


def _outside(whole: Interval, gaps: Sequence[Interval], first: int) -> Iterator[Interval]:
    start, end = whole
    for number in range(first, len(gaps)):
        gap = gaps[number]
        if gap[0] >= end:
            break
        if start < gap[0]:
            yield start, gap[0]
        start = max(start, gap[1])
    if start < end:
        yield start, end
