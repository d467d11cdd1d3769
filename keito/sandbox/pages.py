"""Lists in pages: the query's two numbers, the envelope and its links."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from .bodies.fields import Maybe, Moment
from .context import json_answer
from .table import Record
from .wire import encode

T = TypeVar("T")


class PageQuery(BaseModel):
    """Which page of a list is wanted."""

    model_config = ConfigDict(frozen=True)

    page: Annotated[int, Field(ge=1)] = 1
    per_page: Annotated[int, Field(ge=1, le=2000)] = 100

    def criteria(self) -> tuple[object, ...]:
        """Everything but which page: two queries with the same criteria are on the same list."""
        return tuple(value for name, value in self if name not in ("page", "per_page"))


class ChangedSince(PageQuery):
    """Lists that can be limited to what changed."""

    updated_since: Maybe[Moment] = None

    def is_recent(self, record: Record) -> bool:
        """Whether the record changed at or after `updated_since`."""
        return self.updated_since is None or record.updated_at >= self.updated_since


def page_answer(
    request: Request,
    rows: Sequence[T],
    name: str,
    query: PageQuery,
    *,
    render: Callable[[T], bytes] = encode,
) -> Response:
    """One page of the rows, under the resource's name, in the envelope."""
    start = (query.page - 1) * query.per_page
    items = b",".join(map(render, rows[start : start + query.per_page]))
    last = max(1, math.ceil(len(rows) / query.per_page))
    envelope = {
        "per_page": query.per_page,
        "total_pages": last,
        "total_entries": len(rows),
        "page": query.page,
        "links": _links(request, query, last),
    }
    # The items are JSON already; taking them apart again would be most of the work.
    return json_answer(b'{"%b":[%b],%b' % (name.encode(), items, encode(envelope)[1:]))


def _links(request: Request, query: PageQuery, last: int) -> dict[str, str | None]:
    def link(page: int) -> str:
        url = request.url.include_query_params(page=page, per_page=query.per_page)
        return str(url)

    return {
        "first": link(1),
        "next": link(query.page + 1) if query.page < last else None,
        "previous": link(min(query.page - 1, last)) if query.page > 1 else None,
        "last": link(last),
    }
