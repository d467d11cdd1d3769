"""What the resources share: how they list, and how they create without doubling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from .._keys import key_of, with_key
from .._pages import listing
from .._request import Request, query
from ..types._arguments import seconds
from ..types._model import Model
from ..types.request_options import RequestOptions
from .pages import AsyncPages
from .sender import AsyncSender

M = TypeVar("M", bound=Model)


class AsyncResource:
    """One kind of object at Keito, and what can be done with it."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    def _list(
        self,
        item: type[M],
        at: str,
        choice: Mapping[str, object],
        options: RequestOptions | None,
    ) -> AsyncPages[M]:
        return AsyncPages(self._sender, listing(item, at, query(choice)), options)

    def _keyed(self, metadata: Mapping[str, Any] | None) -> Mapping[str, Any]:
        return with_key(metadata, self._sender.new_key())

    async def _create(
        self,
        item: type[M],
        at: str,
        body: Mapping[str, object],
        settle: float | None,
        options: RequestOptions | None,
    ) -> M:
        request = Request(
            "POST",
            at,
            item,
            body=body,
            key=key_of(body),
            in_doubt="look_up",
            settle=seconds("settle", settle),
        )
        return await self._sender.send(request, options)
