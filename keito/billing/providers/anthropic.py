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
    write, hour = written(usage, "cache_creation")
    one = replace(
        said,
        input_tokens=None if fresh is None else fresh + (read or 0) + (write or 0),
        output_tokens=usage.count("output_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=hour,
    )
    return _with_reasoning(one, usage)


def written(usage: Fields, lifetimes: str) -> tuple[int | None, int | None]:
    """Return what was written to the cache, and which part of it for an hour.

    Some say only the total, some only what `lifetimes` has: five minutes and an hour apart.
    """
    total = usage.count("cache_creation_input_tokens")
    minutes = usage.count(f"{lifetimes}.ephemeral_5m_input_tokens")
    hour = usage.count(f"{lifetimes}.ephemeral_1h_input_tokens")
    if minutes is None and hour is None:
        return total, None
    return max(total or 0, (minutes or 0) + (hour or 0)), hour


def _with_reasoning(one: Usage, usage: Fields) -> Usage:
    if one.reasoning_tokens is not None:
        return one
    return replace(one, reasoning_tokens=usage.count("output_tokens_details.thinking_tokens"))


def _sum(several: list[Usage]) -> Usage:
    # An iteration that wrote nothing need not say for how long.
    wrote = [one for one in several if one.cache_write_tokens] or several
    return replace(
        several[0],
        input_tokens=added(*(one.input_tokens for one in several)),
        output_tokens=added(*(one.output_tokens for one in several)),
        cache_read_tokens=added(*(one.cache_read_tokens for one in several)),
        cache_write_tokens=added(*(one.cache_write_tokens for one in several)),
        cache_write_1h_tokens=added(*(one.cache_write_1h_tokens for one in wrote)),
        reasoning_tokens=added(*(one.reasoning_tokens for one in several)),
    )
