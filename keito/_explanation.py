"""What Keito says about an error, in either of its two shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Explanation(NamedTuple):
    """What an error's body says.

    Attributes:
        name: Keito's short name of the error; empty if it has none.
        description: What Keito says about it, if anything.
        field: The body's field the error is about, if Keito names one.
    """

    name: str
    description: str | None
    field: str | None


def explanation(body: Mapping[str, object]) -> Explanation:
    """Read `{"error": "...", "error_description": "..."}` and `{"error": {"code": "...", ...}}`."""
    error = body.get("error")
    if isinstance(error, Mapping):
        name, description, field = map(error.get, ("code", "message", "field"))
        return Explanation(_text(name) or "", _text(description), _text(field))
    return Explanation(_text(error) or "", _text(body.get("error_description")), None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
