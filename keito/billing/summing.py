"""What a line of the journal tells of a run's calls, call by call, and what that comes to.

A run's end writes down what it has seen and adds nothing up: its agent waits for that line. What
reads the line adds up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias, cast

from .intervals import within
from .usage import TOKENS, Usage, each, totals

ToldCall: TypeAlias = Sequence[object]
"""A model call: when it began and ended, whether it failed, its provider, model and agent, what its
provider says it cost, and a list of its tokens in the order of `TOKENS`."""

Moments: TypeAlias = int | Sequence[int]
"""A stretch of time, or when one began that did not end."""

# A call the provider refused cost nothing, and nothing about it is unknown.
_REFUSED = Usage(input_tokens=0, output_tokens=0)


def summed_up(facts: dict[str, object]) -> dict[str, object]:
    """Return what a line says of how a run ended, with its calls added up.

    All times are microseconds, in the line on the clock of the process, then from the run's start.
    """
    told = cast("Mapping[str, object] | None", facts.get("told"))
    if told is None:
        return facts
    since, elapsed = cast("int", told["since"]), cast("int", facts["elapsed"])
    calls = cast("Sequence[ToldCall]", told.get("calls", ()))
    tools = cast("Sequence[Moments]", told.get("tools", ()))
    seen: dict[str, object] = {
        "usage": _usage(calls),
        "active": _offsets([*_times(calls), *tools], since, elapsed),
        "tools": len(tools),
        "pauses": _offsets(cast("Sequence[Moments]", told.get("pauses", ())), since, elapsed),
        "taken": _offsets(cast("Sequence[Moments]", told.get("taken", ())), since, elapsed),
    }
    if not (calls or tools):
        # Nothing was heard of, which is not the same as that nothing was going on.
        del seen["active"]
    rest = {name: value for name, value in facts.items() if name != "told"}
    return {**rest, **{name: value for name, value in seen.items() if value or name == "active"}}


def _times(calls: Iterable[ToldCall]) -> list[Moments]:
    return [cast("Moments", call[:2] if call[1] is not None else call[0]) for call in calls]


def _offsets(times: Iterable[Moments], since: int, elapsed: int) -> list[list[int]]:
    end = since + elapsed
    stretches = [(one, end) if isinstance(one, int) else one for one in times]
    return [[a - since, b - since] for a, b in within(stretches, since, end)]


def _usage(calls: Sequence[ToldCall]) -> list[dict[str, object]]:
    """Add up by provider, model and agent."""
    groups: dict[tuple[object, ...], list[ToldCall]] = {}
    for call in calls:
        groups.setdefault(tuple(call[3:6]), []).append(call)
    return [
        {
            "provider": provider,
            "model": model,
            "agent": agent,
            **totals(_REFUSED if call[2] else _consumed(call) for call in group),
            "each": each(_consumed(call) for call in group if not call[2]),
        }
        for (provider, model, agent), group in groups.items()
    ]


def _consumed(call: ToldCall) -> Usage:
    cost, tokens = call[6], cast("Sequence[int | None]", call[7])
    reported = None if cost is None else Decimal(cast("str", cost))
    # A line of an earlier version may have fewer.
    counts: dict[str, Any] = dict(zip(TOKENS, tokens, strict=False))
    return Usage(**counts, reported_cost_usd=reported)
