"""What of a call is input and what is output, where a provider's own total decides it."""

from __future__ import annotations

from dataclasses import replace

from ..usage import Usage


def counted(
    said: Usage,
    *,
    input: int | None,
    output: int | None,
    total: int | None,
    cache_read: int | None,
    cache_write: int | None,
    reasoning: int | None,
) -> Usage:
    """Return the usage of a call whose cache is a part of its input.

    A total above input and output means that something was left out of them: xAI leaves out the
    reasoning, and Gemini behind OpenAI's API does not even name it. A gateway may leave the cache
    out of the input. A total below them says nothing.
    """
    rest = _rest(input, output, total)
    if rest and input is not None and rest == (cache_read or 0) + (cache_write or 0) != reasoning:
        input, rest = input + rest, 0
    if rest is not None:
        hidden = rest if rest and output is not None else None
        reasoning = hidden if reasoning is None else reasoning
        output = (output or 0) + rest
    return replace(
        said,
        input_tokens=input,
        output_tokens=output,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        reasoning_tokens=reasoning,
    )


def _rest(input: int | None, output: int | None, total: int | None) -> int | None:
    if input is None or total is None:
        return None
    rest = total - input - (output or 0)
    return rest if rest >= 0 else None


def added(*counts: int | None) -> int | None:
    """Return the sum; None as soon as one is unknown: a part is not the whole."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
