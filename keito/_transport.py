"""One HTTP exchange: a Request goes out, an Answer or a Failure comes back.

Besides `_wire`, which writes the request, this is the only module that knows httpx: no error of
httpx leaves the project, and a change of HTTP library is a change of these two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import httpx

from ._config import Config, is_loopback
from ._errors import KeitoConfigError
from ._request import Request
from ._wire import Wire

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

MAX_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """Why no complete answer arrived.

    Attributes:
        kind: `not_sent` when Keito can't have processed the request, `timeout` when it didn't
            answer in time, `broken` when the connection was lost on the way.
        error: What the HTTP library raised.
    """

    kind: Literal["not_sent", "timeout", "broken"]
    error: Exception


Outcome = Answer | Failure

# httpx lets errors of sockets, TLS and the event loop through, e.g. when the client is closed by
# another thread. Whatever it is, nobody can tell how far the request has come.
_LOST = (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError)

# Raised before the first byte of the request leaves.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class Transport:
    """Exchanges requests for answers, from any number of threads.

    Args:
        config: Where they go, and as whose.
        http_client: The caller's own client; default: one that is made and closed here.
        watch: Is told of each step of an exchange as it begins and ends; what it raises ends it.
    """

    def __init__(
        self,
        config: Config,
        http_client: httpx.Client | None = None,
        *,
        watch: Callable[[str, object], None] | None = None,
    ) -> None:
        _check_client(http_client, httpx.Client)
        self._owned = http_client is None
        self._http = http_client or httpx.Client(**_client_settings(config))
        self._wire = Wire(config, self._http.headers, watch=watch)

    def exchange(
        self,
        request: Request[Any],
        *,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Send one request once.

        Raises:
            KeitoConfigError: The client has been closed, or must not reach this address.
            KeitoInputError: The request can't be written as HTTP; nothing was sent.
        """
        _check_open(self._http)
        built = self._wire.build(request, timeout, headers)
        try:
            response = self._http.send(built, auth=None, follow_redirects=False)
        except _LOST as error:
            return _failure(error)
        return _answer(response)

    def close(self) -> None:
        """Close the connections, unless the caller's own client holds them."""
        if self._owned:
            self._http.close()


class AsyncTransport:
    """Exchanges requests for answers, from any number of tasks.

    It may be used in one event loop after the other, but keeps connections for one at a time.
    """

    def __init__(self, config: Config, http_client: httpx.AsyncClient | None = None) -> None:
        _check_client(http_client, httpx.AsyncClient)
        self._config = config
        self._owned = http_client is None
        self._http = http_client or httpx.AsyncClient(**_client_settings(config))
        self._loop: AbstractEventLoop | None = None
        self._wire = Wire(config, self._http.headers)

    async def exchange(
        self,
        request: Request[Any],
        *,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Send one request once.

        Raises:
            KeitoConfigError: The client has been closed, or must not reach this address.
            KeitoInputError: The request can't be written as HTTP; nothing was sent.
        """
        http = self._of_this_loop()
        built = self._wire.build(request, timeout, headers)
        try:
            response = await http.send(built, auth=None, follow_redirects=False)
        except _LOST as error:
            return _failure(error)
        return _answer(response)

    async def aclose(self) -> None:
        """Close the connections, unless the caller's own client holds them."""
        if self._owned:
            await self._http.aclose()

    def _of_this_loop(self) -> httpx.AsyncClient:
        # Imported here, so that a program of threads alone does not pay for asyncio.
        from asyncio import get_running_loop

        _check_open(self._http)
        loop = get_running_loop()
        if self._owned and self._loop not in (None, loop):
            # A connection lives and dies with its event loop: in another, a request would still
            # leave through it, and its answer never arrive.
            self._http = httpx.AsyncClient(**_client_settings(self._config))
        self._loop = loop
        return self._http


def _client_settings(config: Config) -> dict[str, Any]:
    return {
        "timeout": config.timeout,
        "limits": httpx.Limits(max_connections=MAX_CONNECTIONS),
        # A proxy from the environment must not see the key of a plain http:// loopback request.
        "trust_env": not is_loopback(config.base_url),
    }


def _check_client(http_client: object, kind: type[httpx.Client] | type[httpx.AsyncClient]) -> None:
    if http_client is not None and not isinstance(http_client, kind):
        raise KeitoConfigError(
            f"http_client must be an httpx.{kind.__name__}, not {type(http_client).__name__}"
        )


def _check_open(http: httpx.Client | httpx.AsyncClient) -> None:
    if http.is_closed:
        raise KeitoConfigError("this client has been closed")


def _answer(response: httpx.Response) -> Answer:
    return Answer(response.status_code, dict(response.headers.items()), response.content)


def _failure(error: Exception) -> Failure:
    if isinstance(error, _NOT_SENT):
        return Failure("not_sent", error)
    if isinstance(error, httpx.TimeoutException):
        return Failure("timeout", error)
    return Failure("broken", error)
