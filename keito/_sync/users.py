# Generated from keito/_async/users.py: change that, then run `make fix`.
"""The resource `users`."""

from __future__ import annotations

from .._request import Request, path
from ..types.request_options import RequestOptions
from ..types.user import User
from .resource import Resource


class Users(Resource):
    """People and agents."""

    def me(self, *, request_options: RequestOptions | None = None) -> User:
        """Return the user that the API key belongs to.

        Raises:
            KeitoError: It failed.
        """
        return self._sender.send(Request("GET", path("users", "me"), User), request_options)
