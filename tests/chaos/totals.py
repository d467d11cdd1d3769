"""The audit of what is added up: the entries for whole days, against the runs that are in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from tests.chaos.work import LATE_TOKENS, LEAST, WAITING, cost_of

Item = Mapping[str, Any]
What = Literal["lost", "doubled", "wrong"]
_HOURS = Decimal(int(LEAST.total_seconds())) / 3600


@dataclass(frozen=True, slots=True)
class Expected:
    """What the totals of one agent have to say together.

    Attributes:
        runs: How many runs they hold.
        tokens: What those have used, without calls that came late.
        late: How many such calls have been told,
        reporting: and how many may have been.
    """

    runs: int
    tokens: int
    late: int
    reporting: int


def compared(agent: str, entries: Sequence[Item], expected: Expected) -> Iterator[tuple[What, str]]:
    """Yield what is not as it should be with an agent's entries, however many they are."""
    keys = Counter(entry["metadata"]["keito_key"] for entry in entries)
    for key, times in keys.items():
        if times > 1:
            yield "doubled", f"a total of {agent}: {times} entries of key {key}"
    runs = _sum(entries, "runs")
    if runs != expected.runs:
        what: What = "lost" if runs < expected.runs else "doubled"
        yield what, f"runs of {agent}: {runs} are added up and not {expected.runs}"
        return
    if wrong := _wrong(agent, entries, expected):
        yield "wrong", f"the totals of {agent} say {wrong}"


def _wrong(agent: str, entries: Sequence[Item], expected: Expected) -> str:
    tokens = _sum(entries, "tokens_in")
    late, rest = divmod(int(tokens) - expected.tokens, LATE_TOKENS)
    if rest or not expected.late <= late <= expected.reporting:
        return f"{tokens} tokens: {expected} was told"
    # A total that was known before says null once it no longer is.
    known = all(entry["metadata"].get("cost_usd") is not None for entry in entries)
    cost = _sum(entries, "cost_usd")
    if known and cost != cost_of(int(tokens)):
        return f"{cost} dollars for {tokens} tokens"
    # One call that never reports makes the costs of all unknown.
    if not known and agent != WAITING:
        return "nothing of what they cost"
    charged = [entry for entry in entries if entry["billable"]]
    hours = sum(Decimal(entry["hours"]) for entry in charged)
    if hours != _HOURS * _sum(charged, "runs"):
        return f"{hours} hours for {_sum(charged, 'runs')} runs"
    return ""


def _sum(entries: Sequence[Item], name: str) -> Decimal:
    return sum((Decimal(entry["metadata"].get(name) or 0) for entry in entries), Decimal(0))
