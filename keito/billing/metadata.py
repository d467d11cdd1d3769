"""An entry's metadata: always valid, always within the API's 4 KB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from .. import _json

LIMIT = 4096
# Deeper than anyone reads, and well above what a parser on the other side may refuse.
DEEPEST = 32

# Without these nobody could find the record again or check its hours, so they are never cut.
NEVER_CUT = (
    "keito_key",
    "status",
    "started_at",
    "ended_at",
    "timezone",
    "time_basis",
    "seconds_raw",
    "seconds_charged",
    "contract_id",
    "attempt",
    "mode",
    "sdk",
)
# Then the most telling ones; what is not named here comes before the last two.
_FIRST = (
    "outcome_type",
    "outcome_unit_price",
    "outcome_quantity",
    "outcome_success",
    "outcome_subject",
    "expense_name",
    "expense_quantity",
    "subject",
    "run_id",
    "session_id",
    "parent_run_id",
    "agent_id",
    "framework",
    "trigger",
    "model_provider",
    "model_name",
    "tokens_in",
    "tokens_out",
    "usage_incomplete",
    "cost_usd",
    "cost_source",
    "price_version",
    "llm_calls_unpriced",
    "part",
    "parts",
    "capped",
    "seconds_counted",
    "tokens_cache_read",
    "tokens_cache_write",
    "tokens_reasoning",
    "llm_calls",
    "tool_calls",
    "confidence",
    "human_reviewed",
    "error",
    "outcome_evidence",
    "evidence",
)
_LAST = ("agents", "models")
_YOURS = {"confidence", "human_reviewed", "subject", "evidence"}
OURS = {"truncated", *NEVER_CUT, *_FIRST, *_LAST} - _YOURS


def fitted(own: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
    """Return the metadata to send: ours wins over what was given, None is left out.

    What is nested too deeply, and what does not fit within 4,096 bytes of compact UTF-8 JSON, is
    left out, the least telling first, and `truncated` says so.
    """
    # Where we say nothing of the kind, a key with our name must not look as if we did.
    theirs = {name: value for name, value in given.items() if name not in OURS}
    said = {name: value for name, value in {**theirs, **own}.items() if value is not None}
    flat = {name: value for name, value in said.items() if not _is_deeper(value, DEEPEST)}
    wanted = {_clean_text(name): _clean(value) for name, value in flat.items()}
    if len(flat) == len(said) and size(wanted) <= LIMIT:
        return wanted
    kept: dict[str, object] = {"truncated": True}
    kept.update((name, wanted[name]) for name in NEVER_CUT if name in wanted)
    room = LIMIT - size(kept)
    for name in by_rank(wanted):
        needed = size({name: wanted[name]}) - 1
        if name not in kept and needed <= room:
            kept[name] = wanted[name]
            room -= needed
    return kept


def size(metadata: Mapping[str, object]) -> int:
    """Return how many bytes it is as the API counts them."""
    return len(_json.dumps(metadata))


def by_rank(wanted: Mapping[str, object]) -> list[str]:
    """List the names, the most telling first."""
    others = [name for name in wanted if name not in _FIRST and name not in _LAST]
    ranked = [*_FIRST, *sorted(others), *reversed(_LAST)]
    return [name for name in ranked if name in wanted]


def _is_deeper(value: object, most: int) -> bool:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False
    return most == 0 or any(_is_deeper(inner, most - 1) for inner in value)


def _clean(value: object) -> object:
    """Replace what has no form in UTF-8 JSON: half of a surrogate pair."""
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, Mapping):
        return {_clean_text(name): _clean(inner) for name, inner in value.items()}
    if isinstance(value, Sequence):
        return [_clean(inner) for inner in value]
    if isinstance(value, Decimal) or value is None or isinstance(value, (bool, int, float)):
        return value
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _clean_text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
