"""OpenAI's Chat Completions, and those who speak it with names of their own.

The cache is a part of `prompt_tokens`, reasoning a part of `completion_tokens`.
"""

from __future__ import annotations

from dataclasses import replace

from ..usage import Usage
from .fields import Fields
from .parts import counted

CACHE_READ = (
    "prompt_tokens_details.cached_tokens",
    "prompt_cache_hit_tokens",  # DeepSeek
    "num_cached_tokens",  # Mistral
    "cached_tokens",  # Moonshot
    "cache_read_input_tokens",  # LiteLLM, for Anthropic
)
CACHE_WRITE = (
    "prompt_tokens_details.cache_write_tokens",
    "prompt_tokens_details.cache_creation_tokens",  # LiteLLM, for Anthropic
    "cache_creation_input_tokens",  # the same
)
CACHE_WRITE_1H = (
    "prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",  # LiteLLM
)
REASONING = ("completion_tokens_details.reasoning_tokens", "reasoning_tokens")


def fits(usage: Fields) -> bool:
    """Whether a usage object looks like this."""
    return usage.has("prompt_tokens", "completion_tokens")


def read(usage: Fields, said: Usage) -> list[Usage]:
    """Return what the call consumed; `said` knows its model and provider."""
    one = counted(
        said,
        input=usage.count("prompt_tokens"),
        output=usage.count("completion_tokens"),
        total=usage.count("total_tokens"),
        cache_read=usage.count(*CACHE_READ),
        cache_write=usage.count(*CACHE_WRITE),
        reasoning=usage.count(*REASONING),
    )
    return [replace(one, cache_write_1h_tokens=usage.count(*CACHE_WRITE_1H))]
