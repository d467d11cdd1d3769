"""Anthropic's Messages: `input_tokens` is what was neither read from nor written to the cache."""

from __future__ import annotations

from dataclasses import replace

from ..usage import Usage
from .fields import Fields
from .parts import added

ITS_OWN = (
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "cache_creation",
    "iterations",
    "server_tool_use",
)


def fits(usage: Fields) -> bool:
    """Whether a usage object looks like this."""
    thinking = usage.get("output_tokens_details.thinking_tokens")
    return usage.has(*ITS_OWN) or thinking is not None


def read(usage: Fields, said: Usage) -> list[Usage]:
    """Return what the call consumed, for each model that worked on it.

    The numbers at the top leave out compaction and the calls of a second model; the iterations have
    all of it. Those that name no model are the answering model's.
    """
    iterations = usage.each("iterations")
    if not iterations:
        return [_one(usage, said)]
    by_model: dict[str | None, list[Usage]] = {}
    for iteration in iterations:
        own = replace(said, model=iteration.text("model") or said.model)
        by_model.setdefault(own.model, []).append(_one(iteration, own))
    usages = [_sum(several) for several in by_model.values()]
    return [_with_reasoning(one, usage) if one.model == said.model else one for one in usages]


def _one(usage: Fields, said: Usage) -> Usage:
    fresh = usage.count("input_tokens")
    read = usage.count("cache_read_input_tokens")
    write = _written(usage)
    one = replace(
        said,
        input_tokens=None if fresh is None else fresh + (read or 0) + (write or 0),
        output_tokens=usage.count("output_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=write,
    )
    return _with_reasoning(one, usage)


def _written(usage: Fields) -> int | None:
    """All that was written, kept for five minutes or for an hour: some send only one of the two."""
    total = usage.count("cache_creation_input_tokens")
    lifetimes = [usage.count(f"cache_creation.ephemeral_{t}_input_tokens") for t in ("5m", "1h")]
    known = [count for count in lifetimes if count is not None]
    return max(total or 0, sum(known)) if known else total


def _with_reasoning(one: Usage, usage: Fields) -> Usage:
    if one.reasoning_tokens is not None:
        return one
    return replace(one, reasoning_tokens=usage.count("output_tokens_details.thinking_tokens"))


def _sum(several: list[Usage]) -> Usage:
    return replace(
        several[0],
        input_tokens=added(*(one.input_tokens for one in several)),
        output_tokens=added(*(one.output_tokens for one in several)),
        cache_read_tokens=added(*(one.cache_read_tokens for one in several)),
        cache_write_tokens=added(*(one.cache_write_tokens for one in several)),
        reasoning_tokens=added(*(one.reasoning_tokens for one in several)),
    )
