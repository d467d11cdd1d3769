"""The resource `users`."""

from __future__ import annotations

from .._request import Request, path
from ..types.request_options import RequestOptions
from ..types.user import User
from .resource import AsyncResource


class AsyncUsers(AsyncResource):
    """People and agents."""

    async def me(self, *, request_options: RequestOptions | None = None) -> User:
        """Return the user that the API key belongs to.

        Raises:
            KeitoError: It failed.
        """
        return await self._sender.send(Request("GET", path("users", "me"), User), request_options)
