"""Lists, for threads. Written by hand: the async one is `_async/pages.py`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

from .._errors import KeitoError
from .._pages import PageValues, following, for_all, fresh, ids
from .._request import Request
from ..types._model import Model
from ..types.page import Rows
from ..types.request_options import RequestOptions
from .sender import Sender

M = TypeVar("M", bound=Model)


class Page(PageValues[M]):
    """A list that asks for nothing until it is used.

    Reading `data` or a total reads one page; iterating goes over all objects of all pages.

    Example:
        first = keito.time_entries.list().data
        for entry in keito.time_entries.list(): ...
    """

    def __init__(
        self,
        sender: Sender,
        request: Request[Rows[M]],
        options: RequestOptions | None,
        rows: Rows[M] | None = None,
    ) -> None:
        self._sender = sender
        self._request = request
        self._options = options
        self._loaded = rows

    @property
    def _rows(self) -> Rows[M]:
        if self._loaded is None:
            self._loaded = self._sender.send(self._request, self._options)
        return self._loaded

    def __iter__(self) -> Iterator[M]:
        request = for_all(self._request)
        before: set[str] = set()
        rows = self._sender.send(request, self._options)
        while (further := following(request, rows)) is not None:
            request = further
            ahead = self._fetch(request)
            yield from fresh(rows, before)
            before, rows = ids(rows), ahead.result()
        yield from fresh(rows, before)

    def _fetch(self, request: Request[Rows[M]]) -> Future[Rows[M]]:
        future: Future[Rows[M]] = Future()

        def fetch() -> None:
            try:
                future.set_result(self._sender.send(request, self._options))
            except KeitoError as error:
                future.set_exception(error)
            finally:
                # Whoever waits must never wait for a thread that has died.
                future.cancel()

        # A daemon, so that a list nobody reads to its end can't hold up the program's.
        Thread(target=fetch, name="keito-page", daemon=True).start()
        return future

    def next_page(self) -> Page[M]:
        """Read the next page; iterating over it goes on from there.

        Raises:
            KeitoInputError: This is the last; `has_next_page()` tells.
            KeitoError: It could not be read.
        """
        request = self._following()
        rows = self._sender.send(request, self._options)
        return Page(self._sender, request, self._options, rows)

    def __repr__(self) -> str:
        return f"<Page of {self._request.path}>"
