"""Selecting the records of a list, newest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request, Response

from .pages import PageQuery, page_answer
from .store import Store
from .table import Record

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
            return page_answer(request, select(store.as_of(kind, stale)), name, query)
        table = store.table(kind)
        rows = table.selected((name, query.criteria(), scope), lambda: select(list(table)))
        return page_answer(request, rows, name, query, render=table.rendered)
