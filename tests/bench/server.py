"""A stand-in for Keito that costs next to nothing, so that the client's own cost shows.

It knows no rules: every POST answers with the same time entry, and each page of a listing is
rendered once. It runs in a process of its own, so that its work isn't counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOTAL = 100_000


@contextmanager
def serving(*, latency: float = 0.0) -> Iterator[str]:
    """Serve in another process; gives the base URL."""
    command = [sys.executable, "-m", "tests.bench.server", "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def entry(number: int) -> dict[str, Any]:
    """A time entry as an agent's run leaves it, about 1 KB."""
    return {
        "id": f"te_{number:08d}",
        "user_id": "usr_agent",
        "project_id": "prj_acme_support",
        "task_id": "tsk_agent_run",
        "user": {"id": "usr_agent", "name": "Support agent"},
        "project": {"id": "prj_acme_support", "name": "Support"},
        "task": {"id": "tsk_agent_run", "name": "Agent run"},
        "spent_date": "2026-01-31",
        "hours": 0.012345,
        "notes": "support agent: 1 ticket resolved",
        "is_running": False,
        "timer_started_at": None,
        "started_time": "10:15",
        "ended_time": "10:16",
        "is_locked": False,
        "is_closed": False,
        "is_billed": False,
        "billable": True,
        "budgeted": False,
        "billable_rate": 120.5,
        "cost_rate": None,
        "source": "agent",
        "metadata": {"run_id": f"run_{number:08d}", "tokens_in": 1200, "tokens_out": 345},
        "created_at": "2026-01-31T10:16:05Z",
        "updated_at": "2026-01-31T10:16:05Z",
    }


@cache
def page(number: int, per_page: int) -> bytes:
    """One page of the listing of `TOTAL` entries."""
    pages = -(-TOTAL // per_page)
    envelope = {
        "per_page": per_page,
        "page": number,
        "total_pages": pages,
        "total_entries": TOTAL,
        "links": {
            "first": "/api/v2/time_entries?page=1",
            "next": f"/api/v2/time_entries?page={number + 1}" if number < pages else None,
            "previous": f"/api/v2/time_entries?page={number - 1}" if number > 1 else None,
            "last": f"/api/v2/time_entries?page={pages}",
        },
    }
    return (
        json.dumps(envelope)[:-1].encode()
        + b', "time_entries": '
        + _entries(number, per_page)
        + b"}"
    )


def _entries(number: int, per_page: int) -> bytes:
    # Each entry once in all pages: a client leaves out what it has seen on the page before.
    first = (number - 1) * per_page
    return json.dumps([entry(one) for one in range(first, first + per_page)]).encode()


class _Connection(asyncio.Protocol):
    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, _, rest = self._received.partition(b"\r\n\r\n")
        if not _ or len(rest) < _length(head):
            return
        self._received = b""
        method, target, _version = head.split(b"\r\n", 1)[0].decode().split(" ")
        answer = _http(_created() if method == "POST" else _listed(target))
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


@cache
def _created() -> bytes:
    return json.dumps(entry(1)).encode()


def _listed(target: str) -> bytes:
    query = parse_qs(urlsplit(target).query)
    return page(int(query.get("page", ["1"])[0]), int(query.get("per_page", ["100"])[0]))


def _http(content: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Keito-API-Version: 2\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def _serve(latency: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(latency), "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    asyncio.run(_serve(parser.parse_args().latency))
