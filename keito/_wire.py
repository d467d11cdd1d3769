"""How a request is written as HTTP."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import httpx

from . import _json
from ._config import Config, is_loopback
from ._errors import KeitoConfigError, KeitoInputError
from ._request import Request
from ._version import __version__


class Wire:
    """Builds HTTP requests. What is the same for each is made once: it is on the agent's path."""

    def __init__(
        self,
        config: Config,
        defaults: httpx.Headers,
        *,
        watch: Callable[[str, object], None] | None = None,
    ) -> None:
        self._config = config
        host = [] if "Host" in defaults else [(b"Host", _host(config))]
        self._headers = httpx.Headers([*host, *defaults.raw])
        self._headers.update(_own_headers(config))
        self._timeout = _timeout(config.timeout)
        self._watch = {} if watch is None else {"trace": watch}

    def build(
        self,
        request: Request[Any],
        timeout: float | None,
        headers: Mapping[str, str] | None,
    ) -> httpx.Request:
        """Write a request.

        Raises:
            KeitoConfigError: The client must not reach this address.
            KeitoInputError: The request can't be written as HTTP.
        """
        self._check_address()
        url, body = self._written(request)
        # With a stream instead of content, httpx leaves the headers as they are. Otherwise it
        # works them out anew for each request, which takes longer than all else here.
        built = httpx.Request(
            request.method,
            url,
            headers=self._headed(headers, request.method, len(body)),
            stream=httpx.ByteStream(body),
            extensions={
                "timeout": self._timeout if timeout is None else _timeout(timeout),
                **self._watch,
            },
        )
        built.read()  # hooks of the caller's own client may look at the content
        return built

    def _written(self, request: Request[Any]) -> tuple[httpx.URL, bytes]:
        body = request.body
        try:
            url = _url(self._config.base_url + request.path + _query(request.params))
            return url, b"" if body is None else _json.dumps(body)
        except (httpx.InvalidURL, TypeError, ValueError) as error:
            raise KeitoInputError(f"an argument can't be sent: {error}") from None

    def _check_address(self) -> None:
        if os.environ.get("KEITO_ONLY_LOOPBACK") and not is_loopback(self._config.base_url):
            raise KeitoConfigError(
                f"this process may only reach a local Keito, not {self._config.base_url}; "
                "in tests, pass --keito-live to reach a real one"
            )

    def _headed(self, headers: Mapping[str, str] | None, method: str, size: int) -> httpx.Headers:
        headed = self._headers.copy()
        if headers:
            headed.update(dict(headers))
            headed.update(_own_headers(self._config))
        if size or method in ("POST", "PATCH"):
            headed["Content-Length"] = str(size)
        return headed


def _host(config: Config) -> bytes:
    try:
        return httpx.URL(config.base_url).netloc
    except httpx.InvalidURL as error:
        raise KeitoConfigError(f"base_url can't be used: {error}") from None


def _own_headers(config: Config) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {config.api_key}",
        "Keito-Account-Id": config.account_id,
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": f"keito-python/{__version__} python/{platform.python_version()}",
    }


def _timeout(seconds: float) -> dict[str, float | None]:
    return httpx.Timeout(seconds).as_dict()


@lru_cache(maxsize=256)
def _url(text: str) -> httpx.URL:
    return httpx.URL(text)


def _query(params: Mapping[str, object]) -> str:
    return "?" + urlencode({name: _text(value) for name, value in params.items()}) if params else ""


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
