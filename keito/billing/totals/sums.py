"""What runs add up to: exact, and the same in whatever order they are added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias

from ..run_facts import RunFacts
from ..usage import EXACT

Sums: TypeAlias = Mapping[str, Decimal | int]
"""Amounts by name. What nobody has said anything about is not there, which is not 0."""

HOURS = "hours"
COST = "cost_usd"
UNPRICED = "llm_calls_unpriced"
INCOMPLETE = "runs_usage_incomplete"
_TOKENS = {
    "tokens_in": "input_tokens",
    "tokens_out": "output_tokens",
    "tokens_cache_read": "cache_read_tokens",
    "tokens_cache_write": "cache_write_tokens",
    "tokens_reasoning": "reasoning_tokens",
}


def added(sums: Iterable[Sums]) -> dict[str, Decimal | int]:
    """Add up."""
    total: dict[str, Decimal | int] = {}
    for one in sums:
        for name, value in one.items():
            total[name] = _plus(total[name], value) if name in total else value
    return total


def difference(new: Sums, old: Sums) -> dict[str, Decimal | int]:
    """Return what has to be added to the old sums to get the new ones."""
    changes: dict[str, Decimal | int] = {}
    for name in dict.fromkeys([*new, *old]):
        change = EXACT.subtract(Decimal(new.get(name, 0)), Decimal(old.get(name, 0)))
        if change != 0 or name not in old:
            changes[name] = int(change) if change == change.to_integral_value() else change
    return changes


def used(result: RunFacts) -> dict[str, Decimal | int]:
    """Return what a run has used, as far as it is known."""
    usage = result.get("usage", [])
    sums: dict[str, Decimal | int] = {
        "llm_calls": sum(group.get("calls", 0) for group in usage),
        "tool_calls": result.get("tools", 0),
        INCOMPLETE: int(any(group.get("incomplete", 0) for group in usage)),
    }
    for name, counted in _TOKENS.items():
        said = [value for group in usage if isinstance(value := group.get(counted), int)]
        if said:
            sums[name] = sum(said)
    return sums


def priced(cost: Mapping[str, object]) -> dict[str, Decimal | int]:
    """Return what model calls have cost, as a record keeps it."""
    return {
        name: value
        for name in (COST, UNPRICED)
        if isinstance(value := cost.get(name), (Decimal, int))
    }


def _plus(a: Decimal | int, b: Decimal | int) -> Decimal | int:
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    return EXACT.add(Decimal(a), Decimal(b))
