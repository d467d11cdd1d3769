"""What a route gets besides its own parameters."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request, Response

from .records import User
from .store import Store
from .table import Record
from .wire import encode


async def _caller(request: Request) -> User:
    return cast("User", request.state.caller)


async def _store(request: Request) -> Store:
    return cast("Store", request.app.state.store)


Caller = Annotated[User, Depends(_caller)]
State = Annotated[Store, Depends(_store)]


def answer(store: Store, record: Record) -> Response:
    """A stored record as an answer."""
    return json_answer(store.table(type(record)).rendered(record))


def json_answer(body: bytes | object) -> Response:
    """JSON as an answer."""
    content = body if isinstance(body, bytes) else encode(body)
    return Response(content, media_type="application/json")
