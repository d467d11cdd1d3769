"""Records on the wire: the request that sends one, and what of the answer tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .. import _json
from .._request import Request, path
from .._transport import Answer
from . import _log
from .outbox.record import Record

Item = Mapping[str, object]
"""A time entry or an expense, as Keito answers it."""

# What people or Keito may have done to it. When it was touched says nothing of what it says.
_TELLING = ("id", "notes", "is_locked", "is_closed", "is_billed", "approval_status", "metadata")


@dataclass(frozen=True, slots=True)
class Collection:
    """One of the lists that Keito keeps.

    Attributes:
        path: Where it is listed and added to.
        items: Under which name a listing has its items.
        compared: What is sent of an item and must come back as it was sent.
    """

    path: str
    items: str
    compared: tuple[str, ...]


TIME_ENTRIES = Collection(
    path("time_entries"),
    "time_entries",
    ("project_id", "task_id", "user_id", "spent_date", "hours", "billable"),
)
EXPENSES = Collection(
    path("expenses"),
    "expenses",
    ("project_id", "expense_category_id", "spent_date", "total_cost", "units", "billable"),
)


def collection_of(record: Record) -> Collection:
    """Return the list in which Keito shows a record."""
    return EXPENSES if record.kind in ("expense", "cost") else TIME_ENTRIES


def creation(record: Record) -> Request[object]:
    """Return the request that makes a record in Keito; not for corrections."""
    where = collection_of(record).path
    return Request("POST", where, object, body=read(record.payload), key=record.key)


def item_of(answer: Answer) -> Item | None:
    """Read the item in an answer; None if it holds none."""
    try:
        item = _json.loads(answer.content)
    except (ValueError, RecursionError):
        return None
    return item if isinstance(item, dict) else None


def metadata_of(item: Item) -> Mapping[str, object]:
    """Return an item's metadata, empty without any."""
    metadata = item.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def key_of(item: Item) -> object:
    """Return the `keito_key` of an item; None without one."""
    return metadata_of(item).get("keito_key")


def entry_key(record: Record) -> str:
    """Return the `keito_key` of the item that a record makes or corrects."""
    return record.after if record.kind == "correction" else record.key


def changed(record: Record, item: Item) -> list[str]:
    """List what Keito stored otherwise than it was sent."""
    sent, names = read(record.payload), collection_of(record).compared
    otherwise = [n for n in names if n in sent and n in item and sent[n] != item[n]]
    return otherwise + (unmet(record, item) if record.kind == "correction" else [])


def unmet(correction: Record, item: Item) -> list[str]:
    """List what the metadata of an entry does not say as a correction wants it.

    An entry is changed as a whole: once it says this, the correction has been carried out.
    """
    wanted, found = metadata_of(read(correction.payload)), metadata_of(item)
    return [name for name in wanted if found.get(name) != wanted[name]]


def changed_by_server(names: list[str]) -> str | None:
    """Say loudly that Keito stored these otherwise than they were sent; None for nothing."""
    if not names:
        return None
    _log.warn("changed", f"Keito stored another {', '.join(names)} than was sent")
    return f"changed_by_server: {', '.join(names)}"


def echo(record: Record, item: Item) -> str:
    """Return what an item tells, as JSON: as it was seen last, if it is to be corrected."""
    names = (*_TELLING, *collection_of(record).compared)
    return _json.dumps({name: item[name] for name in names if name in item}).decode()


def read(text: str) -> dict[str, object]:
    """Read a JSON object that we wrote; an empty text is an empty one."""
    value = _json.loads(text) if text else {}
    assert isinstance(value, dict)
    return value
