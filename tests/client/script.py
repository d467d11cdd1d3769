"""Answers that a healthy server never gives, one after the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

Scripted = int | httpx.Response | Exception


class Script:
    """A server that plays answers in order and remembers what it was asked.

    An int is an error answer with that status. An entry asked for by a list is one of `found`.
    """

    def __init__(self, *answers: Scripted) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.transport = httpx.MockTransport(self)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return httpx.Response(answer, json={"error": "no", "error_description": "scripted"})
        return answer

    @property
    def calls(self) -> list[str]:
        """The methods asked for, in order."""
        return [request.method for request in self.requests]

    def body(self, number: int = 0) -> Any:
        """The JSON body of a request."""
        return json.loads(self.requests[number].content)


def entry(**fields: object) -> dict[str, object]:
    """A time entry as Keito answers it."""
    ids = {"id": "te_1", "user_id": "u_1", "project_id": "p_1", "task_id": "t_1"}
    return {**ids, "hours": 1, **fields}


def answered(**fields: object) -> httpx.Response:
    """The answer to a create."""
    return httpx.Response(200, json=entry(**fields))


def listed(*entries: Mapping[str, object], total_pages: int = 1, page: int = 1) -> httpx.Response:
    """The answer to a list."""
    total = total_pages * len(entries)
    envelope = {"page": page, "per_page": 2000, "total_pages": total_pages, "total_entries": total}
    return httpx.Response(200, json={**envelope, "time_entries": list(entries)})


def broken(kind: str) -> Exception | httpx.Response:
    """What leaves nobody knowing whether Keito carried the request out."""
    losses: dict[str, Exception | httpx.Response] = {
        "read timeout": httpx.ReadTimeout("no answer"),
        "write error": httpx.WriteError("connection reset"),
        "reset": httpx.ReadError("connection reset"),
        "truncated": httpx.RemoteProtocolError("incomplete message body"),
        "page of a proxy": httpx.Response(200, html="<h1>Welcome</h1>"),
        "no JSON": httpx.Response(200, text="{"),
        "without an id": httpx.Response(200, json={"hours": 1}),
    }
    return losses[kind]
