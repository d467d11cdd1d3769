"""What a correction says of an entry's metadata: a merging PATCH, within the room there is."""

from __future__ import annotations

from collections.abc import Mapping

from .metadata import LIMIT, OURS, by_rank, size

_NULL = size({"": None})
# What each key says when the thing is no longer so: a merging PATCH can't take a key away.
_UNTRUE: Mapping[str, object] = {"usage_incomplete": False, "llm_calls_unpriced": 0}
_CORRECTED = (
    "model_provider",
    "model_name",
    "tokens_in",
    "tokens_out",
    "tokens_cache_read",
    "tokens_cache_write",
    "tokens_reasoning",
    "usage_incomplete",
    "llm_calls",
    "tool_calls",
    "cost_usd",
    "cost_source",
    "price_version",
    "llm_calls_unpriced",
    "models",
    "agents",
)


def whole(before: Mapping[str, object], wanted: Mapping[str, object]) -> dict[str, object]:
    """Say all that is otherwise; what was cut from the entry for want of room stays cut."""
    names = [name for name in (*wanted, *before) if name != "truncated"]
    told = {name: wanted.get(name, _UNTRUE.get(name)) for name in names}
    change = {name: value for name, value in told.items() if before.get(name) != value}
    return {**change, "truncated": True} if "truncated" in wanted else change


def difference(
    before: Mapping[str, object], wanted: Mapping[str, object], *, touched: Mapping[str, object]
) -> dict[str, object]:
    """Say what is otherwise of what a late call corrects, and all that was corrected before.

    Args:
        before: The metadata that the entry was made with.
        wanted: What it is to be.
        touched: What the last correction has said.
    """
    change: dict[str, object] = {}
    for name in _CORRECTED:
        value = wanted.get(name, _UNTRUE.get(name))
        known = name in before or name in touched
        if name in touched or ((known or name in wanted) and before.get(name) != value):
            change[name] = value
    # How the run ended after all stays said, too.
    change.update((n, v) for n, v in touched.items() if n not in (*_CORRECTED, "truncated"))
    if "truncated" in wanted and "truncated" not in before:
        change["truncated"] = True
    return change


def fitting(before: Mapping[str, object], change: Mapping[str, object]) -> dict[str, object] | None:
    """Leave out the least telling until the entry has room for it; None if it never has."""
    fits = dict(change)
    for name in reversed(by_rank({**before, **change})):
        if size({**before, **fits}) <= LIMIT:
            break
        if name in OURS and name not in _CORRECTED:
            continue
        fits["truncated"] = True
        fits.pop(name, None)
        # Not to be left as it was, either: that is no longer true, or is to go before the rest.
        if (name in change and name in before) or size({"": before.get(name)}) > _NULL:
            fits[name] = None
    return fits if size({**before, **fits}) <= LIMIT else None
