"""A provider's object by the names of its fields, parsed JSON and SDK objects alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# No call counts this much; it keeps a number that only a broken gateway sends out of every sum.
MOST = 2**53


class Fields:
    """Reads fields by name; what is missing or of another type is None.

    A name may be a path, `prompt_tokens_details.cached_tokens`.
    """

    __slots__ = ("_raw",)

    def __init__(self, raw: object) -> None:
        self._raw = raw

    def __contains__(self, name: str) -> bool:
        if isinstance(self._raw, Mapping):
            return name in self._raw
        return hasattr(self._raw, name)

    def has(self, *names: str) -> bool:
        """Whether the provider sends at least one of them, be it empty."""
        return any(name in self for name in names)

    def get(self, path: str) -> object:
        """Return what is there, or None."""
        value = self._raw
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
        return value

    def at(self, *paths: str) -> Fields | None:
        """Return the first of them that is an object."""
        for path in paths:
            value = self.get(path)
            if value is not None and not isinstance(value, (str, int, float, Sequence)):
                return Fields(value)
        return None

    def each(self, path: str) -> list[Fields]:
        """Return the members of a list; none where there is no list."""
        value = self.get(path)
        if isinstance(value, str) or not isinstance(value, Sequence):
            return []
        return [Fields(member) for member in value]

    def text(self, *paths: str) -> str | None:
        """Return the first of them that is text and not empty."""
        values = (self.get(path) for path in paths)
        return next((value for value in values if isinstance(value, str) and value), None)

    def count(self, *paths: str) -> int | None:
        """Return the number of tokens that is said under these names.

        SDKs fill in 0 for a field that their provider never sends, so the largest is what was said.
        """
        counts = [count for path in paths if (count := _count(self.get(path))) is not None]
        return max(counts, default=None)

    def items(self) -> dict[str, object]:
        """Return the fields that are not None."""
        raw = self._raw
        if not isinstance(raw, Mapping):
            extra = getattr(raw, "model_extra", None)
            raw = {**getattr(raw, "__dict__", {}), **(extra if isinstance(extra, Mapping) else {})}
        return {str(name): value for name, value in raw.items() if value is not None}


def _count(value: object) -> int | None:
    # Cohere's SDK types its counts as float.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MOST else None
