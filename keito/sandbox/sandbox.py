"""A local Keito as an ASGI app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.types import Receive, Scope, Send

from .account import Account
from .app import create_api
from .clock import Clock
from .control import create_control
from .front import Front
from .gate import Gate
from .problems import ErrorShape
from .rate_limit import RateLimit
from .settings import Settings
from .store import Store


class Sandbox:
    """A local Keito as an ASGI app, to be served by uvicorn.

    Args:
        seed: Makes ids and times repeatable: the same requests get the same answers.
        clock: The account's time; by default the real one, or with a seed one that goes on by a
            second with every write.
        data: A file that keeps the state across restarts; by default it is lost.
        errors: The shape in which errors are answered.
        requests_per_minute: How many requests each key may make; by default any number.
        requests_per_day: The same, by day.

    Raises:
        DataFileError: The file can't be used.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        clock: Clock | None = None,
        data: Path | None = None,
        errors: ErrorShape = "flat",
        requests_per_minute: int | None = None,
        requests_per_day: int | None = None,
    ) -> None:
        limit = RateLimit(per_minute=requests_per_minute, per_day=requests_per_day)
        self.account = Account(
            Store(seed=seed, clock=clock, data=data),
            Settings(errors=errors, rate_limit=limit),
            seed=seed,
        )
        self._api = create_api(self.account.store, self.account.settings)
        self._front = Front(Gate(self._api, self.account), self.account)
        self._control = create_control(self.account)
        self.account.release = self._front.release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise RuntimeError("the sandbox speaks HTTP only; turn lifespan and websockets off")
        if scope["path"].startswith("/api/"):
            await self._front(scope, receive, send)
        elif scope["path"].startswith("/_sandbox"):
            await self._control(scope, receive, send)
        else:
            await self._api(scope, receive, send)

    def description(self) -> dict[str, Any]:
        """The OpenAPI description that is answered at `/openapi.json`."""
        return self._api.openapi()
