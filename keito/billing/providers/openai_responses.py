"""OpenAI's Responses API: the cache is a part of the input, reasoning a part of the output."""

from __future__ import annotations

from ..usage import Usage
from .fields import Fields
from .parts import counted


def fits(usage: Fields) -> bool:
    """Whether a usage object looks like this; Anthropic's shares the two names."""
    return usage.has("input_tokens", "output_tokens")


def read(usage: Fields, said: Usage) -> list[Usage]:
    """Return what the call consumed; `said` knows its model and provider."""
    one = counted(
        said,
        input=usage.count("input_tokens"),
        output=usage.count("output_tokens"),
        total=usage.count("total_tokens"),
        cache_read=usage.count("input_tokens_details.cached_tokens"),
        cache_write=usage.count("input_tokens_details.cache_write_tokens"),
        reasoning=usage.count("output_tokens_details.reasoning_tokens"),
    )
    return [one]
