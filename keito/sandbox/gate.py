"""The door: who asks, for which account, and whether too often."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .account import Account
from .problems import Problem
from .records import User
from .seed import ACCOUNT_ID, KEY_PREFIX, USERS_BY_KEY

API_VERSION = (b"x-keito-api-version", b"2")


class Gate:
    """Lets a request through when its key and account are right, and says who asks."""

    def __init__(self, app: ASGIApp, account: Account) -> None:
        self._app = app
        self._store = account.store
        self._settings = account.settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request to the API."""
        answer = _with_version(send)
        try:
            scope.setdefault("state", {})["caller"] = self._caller(Headers(scope=scope))
        except Problem as problem:
            await problem.response(self._settings.errors)(scope, receive, answer)
            return
        await self._app(scope, receive, answer)

    def _caller(self, headers: Headers) -> User:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Problem(401, "an Authorization header with a bearer API key is required")
        name = key.strip().removeprefix(KEY_PREFIX)
        if name == key.strip():
            raise Problem(401, f"a local Keito takes only keys that start with {KEY_PREFIX}")
        with self._store.lock:
            user = self._store.users.get(USERS_BY_KEY.get(name, ""))
        if user is None or not user.is_active:
            raise Problem(401, "the API key is not valid")
        self._check_account(headers.get("keito-account-id"))
        self._settings.rate_limit.count(name)
        return user

    def _check_account(self, account_id: str | None) -> None:
        if not account_id:
            raise Problem(401, "a Keito-Account-Id header is required")
        if account_id != ACCOUNT_ID:
            raise Problem(401, "the API key does not belong to that account")


def _with_version(send: Send) -> Send:
    async def send_with_version(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), API_VERSION]
        await send(message)

    return send_with_version
