"""Lists in pages: the query's two numbers, the envelope and its links."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from .bodies.fields import Maybe, Moment
from .context import json_answer
from .store import Store
from .table import Record
from .wire import encode

R = TypeVar("R", bound=Record)


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

    def is_recent(self, record: Any) -> bool:  # noqa: ANN401 - any record with updated_at
        """Whether the record changed at or after `updated_since`."""
        return self.updated_since is None or record.updated_at >= self.updated_since


def rendered_page(
    request: Request, store: Store, rows: Sequence[Record], name: str, query: PageQuery
) -> Response:
    """One page of stored records, under the resource's name."""
    start = (query.page - 1) * query.per_page
    rows_of_page = rows[start : start + query.per_page]
    items = [store.table(type(row)).rendered(row) for row in rows_of_page]
    return page_answer(request, items, len(rows), name, query)


def page_answer(
    request: Request, items: Sequence[bytes], total: int, name: str, query: PageQuery
) -> Response:
    """The envelope around a page's items, which are JSON already."""
    last = max(1, math.ceil(total / query.per_page))
    envelope = {
        "per_page": query.per_page,
        "total_pages": last,
        "total_entries": total,
        "page": query.page,
        "links": _links(request, query, last),
    }
    return json_answer(
        b'{"%b":[%b],%b' % (name.encode(), b",".join(items), encode(envelope).removeprefix(b"{"))
    )


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
