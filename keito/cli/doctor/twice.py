"""Whether something was attached twice, so that one piece of work is recorded as two runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ..record import SHORT, read
from .finding import Finding

if TYPE_CHECKING:
    from ...billing.outbox.record import Record

# Microseconds: two recorders of one run see its start and its end this close to each other.
_CLOSE = 500_000


@dataclass(frozen=True, slots=True)
class _Seen:
    """A run with model calls, as a second recorder of it would see it too."""

    run: str
    parent: str | None
    framework: str
    start: int
    end: int
    used: tuple[object, ...]

    def is_twin_of(self, other: _Seen) -> bool:
        related = self.run in (other.run, other.parent) or self.parent == other.run
        same = not related and self.used == other.used
        close = abs(self.start - other.start) < _CLOSE and abs(self.end - other.end) < _CLOSE
        return same and close


def twice(records: Sequence[Record]) -> Iterator[Finding]:
    """Look for runs at the same moment whose model calls consumed the same."""
    runs = sorted(_runs(records), key=lambda run: run.start)
    twins = [(one, other) for one, other in pairwise(runs) if one.is_twin_of(other)]
    if not twins:
        return
    one, other = twins[-1]
    names = sorted({one.framework, other.framework})
    yield Finding(
        "attached twice",
        # One framework tells its recorders apart: there it may be two runs that were just alike.
        "problem" if len(names) > 1 else "note",
        f"two runs at the same moment used the same tokens, {len(twins)} times, last "
        f"{one.run[:SHORT]} and {other.run[:SHORT]} ({' and '.join(names)})",
        "If they are one piece of work: attach a handler, a decorator or attach(), not two of "
        "them, and `keito void --run` one of each two",
    )


def _runs(records: Sequence[Record]) -> Iterator[_Seen]:
    for record in records:
        facts = read(record.facts)
        start, result = facts.get("start") or {}, facts.get("result") or {}
        usage = result.get("usage")
        if record.kind == "run" and usage:
            yield _Seen(
                run=record.run,
                parent=start.get("parent"),
                framework=str(start.get("framework")),
                start=start["at"],
                end=start["at"] + result.get("elapsed", 0),
                used=(
                    (start.get("target") or {}).get("project_id"),
                    *(sum(group.get(name) or 0 for group in usage) for name in _COUNTS),
                ),
            )


_COUNTS = ("calls", "input_tokens", "output_tokens")
