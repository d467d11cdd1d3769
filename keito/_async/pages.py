"""Lists, for asyncio. Written by hand: the sync one is `_sync/pages.py`."""

from __future__ import annotations

from asyncio import Task, create_task
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any, Generic, TypeVar

from .._pages import PageValues, following, for_all, fresh, ids
from .._request import Request
from ..types._model import Model
from ..types.page import Rows
from ..types.request_options import RequestOptions
from .sender import AsyncSender

M = TypeVar("M", bound=Model)


class AsyncPages(Generic[M]):
    """A list that asks for nothing until it is used: await it for a page, or iterate over all.

    Example:
        page = await keito.time_entries.list()
        async for entry in keito.time_entries.list(): ...
    """

    def __init__(
        self, sender: AsyncSender, request: Request[Rows[M]], options: RequestOptions | None
    ) -> None:
        self._sender = sender
        self._request = request
        self._options = options

    def __await__(self) -> Generator[Any, None, AsyncPage[M]]:
        return self._page().__await__()

    async def _page(self) -> AsyncPage[M]:
        rows = await self._sender.send(self._request, self._options)
        return AsyncPage(self._sender, self._request, self._options, rows)

    async def __aiter__(self) -> AsyncIterator[M]:
        request = for_all(self._request)
        before: set[str] = set()
        rows = await self._sender.send(request, self._options)
        while (further := following(request, rows)) is not None:
            request = further
            ahead = self._fetch(request)
            try:
                for row in fresh(rows, before):
                    yield row
                before, rows = ids(rows), await ahead
            finally:
                ahead.cancel()
        for row in fresh(rows, before):
            yield row

    def _fetch(self, request: Request[Rows[M]]) -> Task[Rows[M]]:
        task = create_task(self._sender.send(request, self._options))
        # Nobody awaits it when the consumer stops early: its failure is nobody's then.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    def __repr__(self) -> str:
        return f"<AsyncPages of {self._request.path}>"


class AsyncPage(PageValues[M]):
    """One page of a list."""

    def __init__(
        self,
        sender: AsyncSender,
        request: Request[Rows[M]],
        options: RequestOptions | None,
        rows: Rows[M],
    ) -> None:
        self._sender = sender
        self._request = request
        self._options = options
        self._loaded = rows

    def __repr__(self) -> str:
        return f"<AsyncPage {self.page} of {self.total_pages} of {self._request.path}>"

    @property
    def _rows(self) -> Rows[M]:
        return self._loaded

    def __iter__(self) -> Iterator[M]:
        return iter(self.data)

    async def next_page(self) -> AsyncPage[M]:
        """Read the next page.

        Raises:
            KeitoInputError: This is the last; `has_next_page()` tells.
            KeitoError: It could not be read.
        """
        request = self._following()
        rows = await self._sender.send(request, self._options)
        return AsyncPage(self._sender, request, self._options, rows)
