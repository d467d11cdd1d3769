"""Page arithmetic shared by both clients."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Generic, TypeVar

from ._errors import KeitoInputError
from ._request import Request
from .types._model import Http, Model
from .types.page import Links, Rows

M = TypeVar("M", bound=Model)

PER_PAGE_OF_ALL = 2000
"""The API's largest page: reading everything takes the fewest requests."""


def listing(item: type[M], path: str, params: Mapping[str, object]) -> Request[Rows[M]]:
    """Return the request for a page of objects."""
    return Request("GET", path, Rows[item], params=params)  # type: ignore[valid-type]


def for_all(request: Request[Rows[M]]) -> Request[Rows[M]]:
    """Return the first request of an iteration over all pages.

    A page number that the caller gave means pages of the size it was given with, so the size
    changes only when neither was given.
    """
    if "page" in request.params or "per_page" in request.params:
        return request
    return request.with_params(per_page=PER_PAGE_OF_ALL)


def following(request: Request[Rows[M]], rows: Rows[M]) -> Request[Rows[M]] | None:
    """Return the request for the next page, or None after the last.

    It counts in requests, not by what the answer calls its page, so that it always ends.
    """
    number = request.params.get("page", 1)
    assert isinstance(number, int)
    if rows.total_pages is None:
        more = rows.links.next is not None and bool(rows.data)
    else:
        more = number < rows.total_pages
    return request.with_params(page=number + 1) if more else None


def fresh(rows: Rows[M], before: Collection[str]) -> Iterator[M]:
    """Return a page's objects without those that the page before it has held.

    An object made while a list is read moves the others on, the last of a page to the next page,
    where it would be read, and its hours be added up, a second time.

    Args:
        rows: The page.
        before: The ids on the page before it.
    """
    return (row for row in rows.data if _id(row) not in before)


def ids(rows: Rows[M]) -> set[str]:
    """Return the ids on a page; the lines of a report have none."""
    return {known for row in rows.data if (known := _id(row))}


def _id(row: Model) -> str | None:
    return getattr(row, "id", None)


class PageValues(Generic[M]):
    """What a page tells, for both clients."""

    _request: Request[Rows[M]]

    @property
    def _rows(self) -> Rows[M]:
        raise NotImplementedError

    @property
    def data(self) -> list[M]:
        """The page's objects, in Keito's order."""
        return self._rows.data

    @property
    def page(self) -> int:
        """The page's number, from 1."""
        return self._rows.page

    @property
    def per_page(self) -> int | None:
        """How many objects a full page holds."""
        return self._rows.per_page

    @property
    def total_pages(self) -> int | None:
        """How many pages there were when this one was read."""
        return self._rows.total_pages

    @property
    def total_entries(self) -> int | None:
        """How many objects there were on all pages."""
        return self._rows.total_entries

    @property
    def links(self) -> Links:
        """The neighbouring pages' addresses."""
        return self._rows.links

    @property
    def http(self) -> Http:
        """The HTTP answer that the page came in."""
        return self._rows.http

    def has_next_page(self) -> bool:
        """Whether there was a further page when this one was read."""
        return following(self._request, self._rows) is not None

    def _following(self) -> Request[Rows[M]]:
        request = following(self._request, self._rows)
        if request is None:
            raise KeitoInputError("this is the last page; has_next_page() tells")
        return request

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PageValues) and self._rows == other._rows
