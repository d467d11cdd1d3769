"""All records of one kind, in the order in which they were made."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from .wire import encode


class Record(Protocol):
    """What every record has."""

    @property
    def id(self) -> str:
        """Never given to another record."""
        ...

    @property
    def updated_at(self) -> datetime:
        """When it was last written."""
        ...


R = TypeVar("R", bound=Record)

# Bounds the memory of a sandbox that is read in ever different ways and never written to.
_MOST_SELECTIONS = 64


class Table(Generic[R]):
    """Records by id, with what was rendered and selected from them kept until it changes."""

    def __init__(self, kind: type[R]) -> None:
        self.kind = kind
        self._records: dict[str, R] = {}
        self._rendered: dict[str, bytes] = {}
        self._selections: dict[Hashable, list[R]] = {}

    def __iter__(self) -> Iterator[R]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def get(self, record_id: str) -> R | None:
        """The record, or None."""
        return self._records.get(record_id)

    def put(self, record: R) -> None:
        """Add a record, or replace the one with its id."""
        self._records[record.id] = record
        self._forget(record.id)

    def remove(self, record_id: str) -> None:
        """Take a record out."""
        del self._records[record_id]
        self._forget(record_id)

    def clear(self) -> None:
        """Take all records out."""
        self._records.clear()
        self._rendered.clear()
        self._selections.clear()

    def rendered(self, record: R) -> bytes:
        """The record as JSON; only of the records that are in the table now."""
        known = self._rendered.get(record.id)
        if known is None:
            known = self._rendered[record.id] = encode(record)
        return known

    def selected(self, key: Hashable, select: Callable[[], list[R]]) -> list[R]:
        """What `select` gives; made once until the table changes.

        Without it every page of a list would filter and sort all records again.
        """
        if key not in self._selections:
            if len(self._selections) >= _MOST_SELECTIONS:
                self._selections.clear()
            self._selections[key] = select()
        return self._selections[key]

    def _forget(self, record_id: str) -> None:
        self._rendered.pop(record_id, None)
        self._selections.clear()
