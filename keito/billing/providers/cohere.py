"""Cohere: `tokens` is what the model saw and made, `billed_units` the part that is on the bill."""

from __future__ import annotations

from dataclasses import replace

from ..usage import Usage
from .fields import Fields


def fits(usage: Fields) -> bool:
    """Whether a usage object looks like this."""
    return usage.has("tokens", "billed_units")


def read(usage: Fields, said: Usage) -> list[Usage]:
    """Return what the call consumed; `said` knows its model and provider.

    Without `tokens` (embeddings, say) the billed units are all that was said.
    """
    counts = usage.at("tokens", "billed_units") or Fields(None)
    one = replace(
        said,
        input_tokens=counts.count("input_tokens"),
        output_tokens=counts.count("output_tokens"),
        cache_read_tokens=usage.count("cached_tokens"),
    )
    return [one]
