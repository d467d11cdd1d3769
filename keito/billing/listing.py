"""Listing a day of a project: the only way to find out what Keito has."""

from __future__ import annotations

from collections.abc import Callable

from .._request import Request
from .._transport import Answer, Outcome
from .wire import Collection, Item, item_of

PER_PAGE = 2000

Exchange = Callable[[Request[object]], Outcome]
"""Sends one request once."""


def listed(
    exchange: Exchange, collection: Collection, *, project: str, day: str
) -> list[Item] | Outcome:
    """Read a day of a project completely, oldest item first.

    Returns:
        The items, or the answer that made it impossible to read them all now.
    """
    rows: dict[str, Item] = {}
    page = 1
    while True:
        outcome = exchange(_request(collection, project, day, page))
        envelope = item_of(outcome) if isinstance(outcome, Answer) else None
        if envelope is None or not isinstance(outcome, Answer) or outcome.status != 200:
            return outcome
        items = envelope.get(collection.items)
        pages, total = envelope.get("total_pages"), envelope.get("total_entries")
        if not (isinstance(items, list) and isinstance(pages, int) and isinstance(total, int)):
            return outcome
        rows.update((str(item.get("id")), item) for item in items if isinstance(item, dict))
        if page >= pages:
            # Fewer than there are: something was deleted while reading, and a row moved to a
            # page that had been read already. More is harmless.
            return _by_age(rows) if len(rows) >= total else outcome
        page += 1


def _by_age(rows: dict[str, Item]) -> list[Item]:
    return sorted(rows.values(), key=lambda item: str(item.get("created_at")))


def _request(collection: Collection, project: str, day: str, page: int) -> Request[object]:
    params = {
        "project_id": project,
        "from": day,
        "to": day,
        "per_page": PER_PAGE,
        "page": page,
    }
    return Request("GET", collection.path, object, params=params)
