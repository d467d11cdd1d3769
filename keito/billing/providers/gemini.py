"""Gemini: reasoning and what its own tools read stand beside the prompt and the candidates."""

from __future__ import annotations

from dataclasses import replace

from ..usage import Usage
from .fields import Fields
from .parts import added

# As JSON and as attributes of Google's SDK.
PROMPT = ("promptTokenCount", "prompt_token_count")
TOOL_USE = ("toolUsePromptTokenCount", "tool_use_prompt_token_count")
CACHED = ("cachedContentTokenCount", "cached_content_token_count")
ANSWER = ("candidatesTokenCount", "candidates_token_count", "responseTokenCount")
THOUGHTS = ("thoughtsTokenCount", "thoughts_token_count")
TOTAL = ("totalTokenCount", "total_token_count")


def fits(usage: Fields) -> bool:
    """Whether a usage object looks like this."""
    return usage.has(*PROMPT, *TOTAL)


def read(usage: Fields, said: Usage) -> list[Usage]:
    """Return what the call consumed; `said` knows its model and provider."""
    prompt, thoughts = usage.count(*PROMPT), usage.count(*THOUGHTS)
    whole = added(prompt, usage.count(*TOOL_USE) or 0)
    one = replace(
        said,
        input_tokens=whole,
        output_tokens=_output(usage, whole, thoughts),
        cache_read_tokens=usage.count(*CACHED),
        reasoning_tokens=thoughts,
    )
    return [one]


def _output(usage: Fields, whole: int | None, thoughts: int | None) -> int | None:
    answer, total = usage.count(*ANSWER), usage.count(*TOTAL)
    if answer is not None:
        return answer + (thoughts or 0)
    # It leaves out a count of 0: a refused prompt has no candidates, some calls only think.
    if whole is None or total is None or total < whole:
        return None
    return total - whole
