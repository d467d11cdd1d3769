"""One page of a list, as read from an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ._model import Http, Model

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of the neighbouring pages, as Keito gives them."""

    first: str | None = None
    next: str | None = None
    previous: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True)
class Rows(Generic[M]):
    """What one page holds.

    Attributes:
        data: The objects, in Keito's order.
        page: The page's number, from 1.
        per_page: How many objects a full page holds.
        total_pages: How many pages there were when this one was made.
        total_entries: How many objects there were on all pages.
    """

    data: list[M]
    page: int
    per_page: int | None
    total_pages: int | None
    total_entries: int | None
    links: Links
    http: Http = field(compare=False, repr=False)

    @classmethod
    def read(cls, item: type[M], data: object, http: Http) -> Rows[M]:
        """Read a page from parsed JSON.

        Raises:
            ValueError: It holds no such list, or an object in it can't be read.
        """
        rows = data.get(item.collection) if isinstance(data, Mapping) else None
        if not isinstance(data, Mapping) or not isinstance(rows, list):
            raise ValueError(f"there is no list of {item.collection}")
        return cls(
            data=item.read_rows(rows, http),
            page=_count(data.get("page")) or 1,
            per_page=_count(data.get("per_page")),
            total_pages=_count(data.get("total_pages")),
            total_entries=_count(data.get("total_entries")),
            links=_links(data.get("links")),
            http=http,
        )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _links(value: object) -> Links:
    if not isinstance(value, Mapping):
        return Links()
    known = {name: value.get(name) for name in ("first", "next", "previous", "last")}
    return Links(**{name: link for name, link in known.items() if isinstance(link, str)})
