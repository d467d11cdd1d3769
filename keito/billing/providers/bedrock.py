"""Bedrock's Converse: `inputTokens` is what was neither read from nor written to the cache."""

from __future__ import annotations

from dataclasses import replace

from ..usage import Usage
from .fields import Fields
from .parts import added


def fits(usage: Fields) -> bool:
    """Whether a usage object looks like this."""
    return usage.has("inputTokens", "outputTokens")


def read(usage: Fields, said: Usage) -> list[Usage]:
    """Return what the call consumed; `said` knows its model and provider."""
    fresh = usage.count("inputTokens")
    read = usage.count("cacheReadInputTokens", "cacheReadInputTokenCount")
    write = usage.count("cacheWriteInputTokens", "cacheWriteInputTokenCount")
    one = replace(
        said,
        input_tokens=None if fresh is None else fresh + (read or 0) + (write or 0),
        output_tokens=usage.count("outputTokens"),
        cache_read_tokens=read,
        cache_write_tokens=write,
        cache_write_1h_tokens=_for_an_hour(usage),
    )
    return [one]


def _for_an_hour(usage: Fields) -> int | None:
    """The part of what was written that is kept for an hour; None if nobody said for how long."""
    details = usage.each("cacheDetails")
    counts = [one.count("inputTokens") for one in details if one.text("ttl") == "1h"]
    return added(*counts) if details else None
