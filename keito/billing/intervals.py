"""Arithmetic on stretches of time: pairs of whole microseconds, so that nothing is rounded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
    left = union(intervals)
    for start, end in union(taken):
        left = [piece for whole in left for piece in _around(whole, start, end)]
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


def _around(whole: Interval, start: int, end: int) -> list[Interval]:
    before = (whole[0], min(whole[1], start))
    after = (max(whole[0], end), whole[1])
    return [piece for piece in (before, after) if piece[0] < piece[1]]
