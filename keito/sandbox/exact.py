"""Routes that read the numbers of a body without passing them through a float."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from .problems import invalid
from .wire import decode


class ExactRequest(Request):
    """A request whose numbers with a fraction are `Decimal`."""

    async def json(self) -> object:
        """The body.

        Raises:
            Problem: It is not JSON.
        """
        try:
            return decode(await self.body())
        except ValueError as error:
            raise invalid(f"the body is not JSON the API takes: {error}") from error


class ExactRoute(APIRoute):
    """For `APIRouter(route_class=...)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's place to put another kind of request."""
        handler = super().get_route_handler()

        async def exact(request: Request) -> Response:
            return await handler(ExactRequest(request.scope, request.receive))

        return exact
