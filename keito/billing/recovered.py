"""What is known of a run whose process died."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from ._facts import decode
from .outbox.line import Line
from .run_facts import RunFacts, StartFacts, UsageFacts, outcome_of, result_of
from .usage import TOKENS


def recovered(start: StartFacts, lines: Sequence[Line], *, last_sign: float) -> RunFacts:
    """Say what is known of a run whose process died: it ended at its last sign of life."""
    for line in lines:
        if line.kind == "ended":
            return result_of(line)
    end = max([int(last_sign * 1_000_000), *(line.at for line in lines)])
    return {
        "elapsed": max(0, end - start["at"]),
        "status": "recovered",
        "usage": [_call(facts) for facts in _calls(lines)],
        "successes": _successes(lines),
    }


def _calls(lines: Sequence[Line]) -> list[dict[str, object]]:
    """Read the `call` lines: of a call that two sources told of, what the better one said."""
    calls: dict[object, dict[str, object]] = {}
    for line in lines:
        if line.kind == "call":
            facts = decode(line.body)
            # Lines of an earlier version have no key, and none that tells of the same call.
            calls[facts.get("key", line.id)] = facts
    return list(calls.values())


def _call(facts: dict[str, object]) -> UsageFacts:
    counts = cast("dict[str, int | None]", facts["usage"])
    said = {name: count for name, count in counts.items() if count is not None}
    known = "input_tokens" in said and "output_tokens" in said
    usage: dict[str, object] = {
        "provider": facts["provider"],
        "model": facts["model"],
        "agent": facts["agent"],
        "calls": 1,
        "incomplete": 0 if known or facts["failed"] else 1,
        **said,
        "each": [] if facts["failed"] else [[*map(counts.get, TOKENS), facts["cost_usd"]]],
    }
    if facts["cost_usd"] is not None:
        usage["cost_usd"] = facts["cost_usd"]
    return cast("UsageFacts", usage)


def _successes(lines: Sequence[Line]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for line in lines:
        if line.kind == "outcome":
            outcome = outcome_of(line)
            if outcome["success"]:
                counts[outcome["type"]] = counts.get(outcome["type"], 0) + outcome["quantity"]
    return counts
