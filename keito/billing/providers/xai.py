"""xAI's own gRPC API: OpenAI's names, but reasoning stands beside `completion_tokens`."""

from __future__ import annotations

from ..usage import Usage
from .fields import Fields
from .parts import added, counted


def fits(usage: Fields) -> bool:
    """Whether a usage object looks like this."""
    return usage.has("prompt_text_tokens", "prompt_image_tokens", "cached_prompt_text_tokens")


def read(usage: Fields, said: Usage) -> list[Usage]:
    """Return what the call consumed; `said` knows its model and provider."""
    reasoning = usage.count("reasoning_tokens")
    one = counted(
        said,
        input=usage.count("prompt_tokens"),
        output=added(usage.count("completion_tokens"), reasoning or 0),
        total=usage.count("total_tokens"),
        cache_read=usage.count("cached_prompt_text_tokens"),
        cache_write=None,
        reasoning=reasoning,
    )
    return [one]
