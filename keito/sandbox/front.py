"""The outermost layer: notes every request and lets the faults happen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import connection
from .account import Account
from .faults import Fault
from .gate import API_VERSION
from .problems import Problem
from .request_log import LoggedRequest

_PAGE = b"<!doctype html><title>Sign in</title><h1>Sign in to continue</h1>"


@dataclass(slots=True)
class Collected:
    """An answer that was not sent."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def send(self, message: Message) -> None:
        """Take the place of the client."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request on its way through, with its body read."""

    scope: Scope
    body: bytes
    receive: Receive
    send: Send
    noted: LoggedRequest


class Front:
    """Answers requests through the app behind it, or fails to."""

    def __init__(self, app: ASGIApp, account: Account) -> None:
        self._app = app
        self._faults = account.faults
        self._log = account.requests
        self._settings = account.settings
        self._released = asyncio.Event()
        self._late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        noted = self._log.arrived(
            scope["method"], scope["path"], scope.get("query_string", b"").decode("latin-1")
        )
        if not len(self._faults):
            await self._app(scope, receive, _noting(send, noted))
            return
        body = await _read(receive)
        fault = self._faults.strike(scope["method"], scope["path"], body)
        visit = Visit(scope, body, receive, send, noted)
        noted.fault = fault.kind if fault else None
        await (self._spoil(visit, fault) if fault else self._pass(visit))

    def release(self) -> None:
        """End every wait and forget late commits. Call it on the server's thread."""
        self._released.set()
        self._released = asyncio.Event()
        for task in self._late:
            task.cancel()

    async def _spoil(self, visit: Visit, fault: Fault) -> None:
        happen: dict[str, Callable[[Visit, Fault], Awaitable[None]]] = {
            "drop": self._drop,
            "error": self._error,
            "foreign": self._foreign,
            "hang": self._hang,
            "late": self._commit_late,
            "rate_limit": self._rate_limit,
            "slow": self._slow,
            "stale": self._stale,
            "truncated": self._truncate,
        }
        await happen[fault.kind](visit, fault)

    async def _drop(self, visit: Visit, fault: Fault) -> None:
        if fault.committed:
            await self._carry_out(visit)
        await _cut(visit)

    async def _error(self, visit: Visit, fault: Fault) -> None:
        if fault.committed:
            await self._carry_out(visit)
        await self._refuse(visit, Problem(fault.status, "a fault of the sandbox"))

    async def _foreign(self, visit: Visit, fault: Fault) -> None:
        if fault.committed:
            await self._carry_out(visit)
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", str(len(_PAGE)).encode()),
        ]
        await _send_answer(visit, Collected(200, headers, _PAGE))

    async def _hang(self, visit: Visit, fault: Fault) -> None:
        if fault.committed:
            await self._carry_out(visit)
        await self._wait(visit, fault.seconds or None)
        await _cut(visit)

    async def _commit_late(self, visit: Visit, fault: Fault) -> None:
        task = asyncio.create_task(self._carry_out_after(visit, fault.seconds))
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        if fault.then == "error":
            await self._refuse(visit, Problem(fault.status, "a fault of the sandbox"))
            return
        if fault.then == "hang":
            await self._wait(visit, None)
        await _cut(visit)

    async def _rate_limit(self, visit: Visit, fault: Fault) -> None:
        wait = str(fault.retry_after)
        if fault.as_date:
            moment = datetime.now(timezone.utc) + timedelta(seconds=fault.retry_after)
            wait = format_datetime(moment, usegmt=True)
        await self._refuse(visit, Problem(429, "too many requests", headers={"Retry-After": wait}))

    async def _slow(self, visit: Visit, fault: Fault) -> None:
        if fault.committed:
            answer = await self._carry_out(visit)
            await self._sleep(fault.seconds)
            await _send_answer(visit, answer)
            return
        await self._sleep(fault.seconds)
        await self._pass(visit)

    async def _stale(self, visit: Visit, fault: Fault) -> None:
        visit.scope["keito.stale"] = fault.seconds
        await self._pass(visit)

    async def _truncate(self, visit: Visit, fault: Fault) -> None:
        answer = await self._carry_out(visit)
        await _start_answer(visit, answer)
        half = answer.body[: len(answer.body) // 2]
        await visit.send({"type": "http.response.body", "body": half, "more_body": True})
        connection.hang_up(visit.send)
        await connection.until_gone(visit.receive)

    async def _refuse(self, visit: Visit, problem: Problem) -> None:
        response = problem.response(self._settings.errors)
        headers = [*response.raw_headers, API_VERSION]
        answer = Collected(response.status_code, headers, bytes(response.body))
        await _send_answer(visit, answer)

    async def _pass(self, visit: Visit) -> None:
        await self._app(visit.scope, _replay(visit), _noting(visit.send, visit.noted))

    async def _carry_out(self, visit: Visit) -> Collected:
        answer = Collected()
        await self._app({**visit.scope, "state": {}}, _replay(visit), answer.send)
        return answer

    async def _carry_out_after(self, visit: Visit, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._carry_out(visit)

    async def _sleep(self, seconds: float) -> None:
        released = asyncio.ensure_future(self._released.wait())
        await asyncio.wait({released}, timeout=seconds)
        released.cancel()

    async def _wait(self, visit: Visit, seconds: float | None) -> None:
        gone = asyncio.create_task(connection.until_gone(visit.receive))
        released = asyncio.create_task(self._released.wait())
        await asyncio.wait({gone, released}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in (gone, released):
            task.cancel()


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _replay(visit: Visit) -> Receive:
    """The request's body once more, and then what the connection says."""
    messages = [{"type": "http.request", "body": visit.body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else await visit.receive()

    return receive


def _noting(send: Send, noted: LoggedRequest) -> Send:
    async def send_and_note(message: Message) -> None:
        if message["type"] == "http.response.start":
            noted.answered(message["status"])
        await send(message)

    return send_and_note


async def _start_answer(visit: Visit, answer: Collected) -> None:
    visit.noted.answered(answer.status)
    await visit.send(
        {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
    )


async def _send_answer(visit: Visit, answer: Collected) -> None:
    await _start_answer(visit, answer)
    await visit.send({"type": "http.response.body", "body": answer.body})


async def _cut(visit: Visit) -> None:
    connection.drop(visit.send)
    await connection.until_gone(visit.receive)
