"""Selecting the records of a list, newest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request, Response

from .pages import PageQuery, page_answer, rendered_page
from .store import Store
from .table import Record
from .wire import encode

R = TypeVar("R", bound=Record)


def list_answer(
    request: Request,
    store: Store,
    kind: type[R],
    name: str,
    query: PageQuery,
    *,
    accepts: Callable[[R], bool],
    scope: object = None,
    newest: Callable[[R], Any] | None = None,
) -> Response:
    """A page of the records that `accepts` lets through.

    Args:
        request: The request, for the links.
        store: Where the records are.
        kind: Which records.
        name: The name the data is answered under.
        query: The page and the criteria.
        accepts: Whether a record is on the list; may depend on `query` and `scope` alone.
        scope: What else the list depends on, such as whose records the caller may see.
        newest: What to sort by, largest first; by default the order in which they were made.
    """

    def select(records: list[R]) -> list[R]:
        found = [record for record in reversed(records) if accepts(record)]
        return sorted(found, key=newest, reverse=True) if newest else found

    with store.lock:
        stale = request.scope.get("keito.stale")
        if stale:
            rows = select(store.as_of(kind, stale))
            start = (query.page - 1) * query.per_page
            items = [encode(row) for row in rows[start : start + query.per_page]]
            return page_answer(request, items, len(rows), name, query)
        table = store.table(kind)
        key = (name, query.criteria(), scope)
        return rendered_page(
            request, store, table.selected(key, lambda: select(list(table))), name, query
        )
