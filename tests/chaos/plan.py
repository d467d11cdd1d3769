"""What goes wrong, and when: all of it follows from the seed."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from keito.sandbox.faults import Fault
from tests.chaos.orders import Role
from tests.chaos.steps import (
    COURIER_STEPS,
    FILE_STEPS,
    RECORDER_STEPS,
    TOTAL_STEPS,
    TRANSACTION_STEPS,
)

How = Literal["killed at random", "killed at a step", "stopped", "stopped at a step", "leaves"]
_HOWS: Sequence[tuple[How, int]] = (
    ("killed at random", 4),
    ("killed at a step", 8),
    ("stopped", 1),
    ("stopped at a step", 2),
    ("leaves", 1),
)
_TRIES = 4
# So many processes that did not come to a step are enough: it is reported, and not waited for.
_IN_VAIN = 12
LATEST = 1.2
"""How much later than its answer is lost the server may carry a request out."""

# What share of the requests is spoiled, and how.
_WRITES: Sequence[tuple[float, Fault]] = (
    (0.02, Fault(kind="drop")),
    (0.02, Fault(kind="drop", committed=False)),
    *((0.01, Fault(kind="error", status=status, committed=False)) for status in (500, 502, 503)),
    *((0.01, Fault(kind="error", status=status)) for status in (408, 500, 503, 504)),
    *((0.002, Fault(kind="error", status=status, committed=False)) for status in (401, 403)),
    (0.01, Fault(kind="hang")),
    (0.01, Fault(kind="hang", committed=False)),
    (0.003, Fault(kind="rate_limit")),
    (0.003, Fault(kind="rate_limit", as_date=True)),
    (0.02, Fault(kind="truncated")),
    (0.02, Fault(kind="foreign")),
    (0.02, Fault(kind="foreign", committed=False)),
    (0.01, Fault(kind="slow", seconds=0.2)),
    (0.005, Fault(kind="slow", seconds=0.8, committed=False)),
    (0.01, Fault(kind="late", seconds=LATEST)),
    (0.01, Fault(kind="late", seconds=0.4, then="drop")),
    (0.005, Fault(kind="late", seconds=LATEST, then="hang")),
)
_LISTS: Sequence[tuple[float, Fault]] = (
    (0.4, Fault(kind="stale", seconds=0.5)),
    (0.02, Fault(kind="drop")),
    (0.02, Fault(kind="error", status=503)),
    (0.01, Fault(kind="hang")),
    (0.01, Fault(kind="rate_limit")),
    (0.02, Fault(kind="truncated")),
    (0.02, Fault(kind="foreign")),
)


@dataclass(frozen=True, slots=True)
class Fate:
    """How one process ends.

    Attributes:
        how: In which way.
        after: After how many seconds, where that is not decided by a step.
        step: At which step of the protocol,
        nth: and at which time that it comes there.
        still: How long it is stopped, which is longer than its leases.
        seed: Decides what it records.
        external: Whether, as a recorder, it leaves delivery to others,
        daily: and has its runs added up.
    """

    how: How
    after: float
    step: str
    nth: int
    still: float
    seed: int
    external: bool
    daily: bool


class Fates:
    """Deals out fates; each step is had in turn, and again while it was not reached.

    Attributes:
        steps: All of them.
    """

    def __init__(self, seed: int, *, database: bool) -> None:
        self._chance = random.Random(seed)
        self._tries: Counter[str] = Counter()
        steps: dict[Role, list[str]] = {
            "recorder": list(RECORDER_STEPS),
            "courier": [
                *COURIER_STEPS,
                *TOTAL_STEPS,
                *(TRANSACTION_STEPS if database else FILE_STEPS),
            ],
        }
        self._turns: dict[Role, deque[str]] = {}
        for role, found in steps.items():
            self._chance.shuffle(found)
            self._turns[role] = deque(found)
        self.steps = tuple(step for found in steps.values() for step in found)

    def next(self, role: Role) -> Fate:
        """Return the fate of a new process."""
        chance, turn = self._chance, self._turns[role]
        hows, weights = zip(*_HOWS, strict=True)
        how: How = chance.choices(hows, weights)[0]
        step = ""
        if how.endswith("a step"):
            step = turn[0]
            turn.rotate(-1)
        if role == "courier" and how == "leaves":
            how = "killed at random"
        after, nth = chance.uniform(0.3, 2.5), chance.choice((1, 1, 1, 2, 5))
        return Fate(
            how=how,
            after=after,
            step=step,
            # What is rare enough to be missed is waited for the first time only.
            nth=1 if self._tries[step] else nth,
            still=chance.uniform(1.0, 2.0),
            seed=chance.randrange(2**32),
            external=chance.random() < 0.5,
            daily=chance.random() < 0.3,
        )

    @property
    def in_vain(self) -> set[str]:
        """The steps that no more processes are made for."""
        return {step for step, tries in self._tries.items() if tries >= _IN_VAIN}

    def missed(self, role: Role, step: str) -> None:
        """Try a step soon again that a process did not come to."""
        self._tries[step] += 1
        if self._tries[step] < _TRIES:
            self._turns[role].remove(step)
            self._turns[role].appendleft(step)


def faults(seed: int) -> list[tuple[Fault, random.Random]]:
    """Return every fault, in a mixture that spoils about one request in four."""
    chance = random.Random(seed)
    spoiled = [(method, _WRITES) for method in ("POST", "PATCH")] + [("GET", _LISTS)]
    found = [
        replace(fault, method=method, times=None, probability=share)
        for method, kinds in spoiled
        for share, fault in kinds
    ]
    chance.shuffle(found)
    return [(fault, random.Random(chance.random())) for fault in found]
