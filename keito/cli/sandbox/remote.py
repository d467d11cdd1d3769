"""Talking to a sandbox that runs."""

from __future__ import annotations

from typing import Annotated, Any, cast

import typer

from ... import _json
from ..._config import is_loopback
from ..output import fail

DEFAULT_PORT = 8765

Url = Annotated[
    str,
    typer.Option(envvar="KEITO_BASE_URL", metavar="URL", help="Where the sandbox runs."),
]
DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"


def control(url: str, method: str, path: str, body: object = None) -> dict[str, Any]:
    """Call the control API of the sandbox at `url`; what it refuses ends the command."""
    import httpx

    if not is_loopback(url):
        fail(f"{url} is not on this machine: only a local sandbox can be driven")
    content = None if body is None else _json.dumps(body)
    headers = {"Content-Type": "application/json"} if content else {}
    try:
        # Without the environment's proxies, since the sandbox is on this machine.
        with httpx.Client(trust_env=False) as client:
            answer = client.request(
                method, f"{url.rstrip('/')}/_sandbox{path}", content=content, headers=headers
            )
    except httpx.HTTPError:
        fail(f"no sandbox answers at {url}: start one with `keito sandbox`, or give --url")
    value = _read(answer.content, url)
    if answer.is_error:
        fail(_message(value))
    return value


def _read(content: bytes, url: str) -> dict[str, Any]:
    try:
        value = _json.loads(content)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        fail(f"what answers at {url} is not a sandbox")
    return cast("dict[str, Any]", value)


def _message(value: dict[str, Any]) -> str:
    error = value.get("error")
    if isinstance(error, dict):
        return str(error.get("message", error))
    return str(value.get("error_description", error))
