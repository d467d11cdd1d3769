"""How the benchmarks measure: in turns, by medians, as ratios.

A shared machine changes its speed within seconds. So the things that are compared take turns in
short rounds, each round gives one ratio, and the median of the ratios is what is held to the bar.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Case = Callable[[], float]
"""Runs something once or many times, and returns what one run of it took."""

COMPARED = "to compare with"
"""In the place of a bar: a figure that the others are read beside, such as a peer's."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: What was measured.
        measured: The figure that is held to the bar.
        bar: The figure that it is held to, or `COMPARED`.
        met: Whether it holds; None when there is no bar, and when it could not be measured:
            then `measured` says why.
        figures: What the figure was made of, for `--json`.
    """

    what: str
    measured: str
    bar: str
    met: bool | None
    figures: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def verdict(self) -> str:
        """Whether the bar is met, in words; nothing when there is none."""
        if self.bar == COMPARED:
            return ""
        return {True: "met", False: "NOT MET", None: "not measured"}[self.met]


def interleaved(cases: Mapping[str, Case], *, rounds: int) -> dict[str, list[float]]:
    """What each case took in each round; the order turns, so that nobody is always first."""
    taken: dict[str, list[float]] = {name: [] for name in cases}
    names = list(cases)
    for turn in range(rounds):
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            taken[name].append(cases[name]())
    return taken


def ratio(taken: Mapping[str, list[float]], one: str, other: str) -> float:
    """The median over the rounds of how much longer `one` took than `other`."""
    return statistics.median(a / b for a, b in zip(taken[one], taken[other], strict=True))


def medians(taken: Mapping[str, list[float]]) -> dict[str, float]:
    """Each case's median over the rounds."""
    return {name: statistics.median(values) for name, values in taken.items()}


def each(call: Callable[[], object], times: int) -> Case:
    """A case that takes as long as the median of many calls."""

    def run() -> float:
        return statistics.median(samples(call, times))

    return run


def samples(call: Callable[[], object], times: int) -> list[float]:
    """The seconds that each of many calls took."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return taken


def cpu(call: Callable[[], object]) -> Case:
    """A case that takes the CPU time of one call, in all threads of the process."""

    def run() -> float:
        # Or one would pay for collecting what the one before it has left behind.
        gc.collect()
        started = time.process_time()
        call()
        return time.process_time() - started

    return run
