"""`keito sandbox requests`: what clients have asked."""

from __future__ import annotations

from typing import Any

from ..output import Json, show
from .remote import DEFAULT_URL, Url, control


def requests(url: Url = DEFAULT_URL, json: Json = False) -> None:
    """Show the requests so far."""
    answer = control(url, "GET", "/requests")
    lines = "\n".join(_line(request) for request in answer["requests"])
    show(answer, lines or "no requests", json=json)


def _line(request: dict[str, Any]) -> str:
    status = request["status"] or "---"
    fault = f"  {request['fault']}" if request["fault"] else ""
    return f"{request['at'][11:19]}  {status}  {request['method']:6} {request['path']}{fault}"
