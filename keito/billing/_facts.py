"""Facts as compact JSON: what the recorder writes and the courier reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"
"""What a JSON document can hold."""

# Made once: json.dumps builds an encoder per call, which would double what recording a run costs.
encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode

# For one text: what `encode` comes to, without its steps.
quoted = json.encoder.encode_basestring_ascii


def decode(text: str) -> dict[str, object]:
    """Read facts back.

    Raises:
        ValueError: The text is not a JSON object.
    """
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("facts are a JSON object")
    return value


def utf8(text: str) -> str:
    """Return text that has a form in UTF-8: a text may have been cut within a character."""
    return text.encode("utf-8", "replace").decode()


def checked(values: Mapping[str, object], what: str) -> dict[str, object]:
    """Return a copy that is known to be JSON, so that a bad value fails where it was given.

    It shares nothing with the original, which may change before the copy is written.

    Raises:
        TypeError: These are no names with values, or a value has no form in JSON.
    """
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise TypeError(f"{what}: give a mapping whose names are text")
    if not values:
        return {}
    try:
        return decode(encode(dict(values)))
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"{what}: every value must be JSON ({type(error).__name__})") from None
