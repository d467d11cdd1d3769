"""What an error says about how something ended."""

from __future__ import annotations

from collections.abc import Iterator

from ._guard import tried
from .contract import Status

# By name, as all that is looked at here: importing what agents may use would cost them seconds.
# Errors of connecting, from httpx, httpcore, aiohttp, urllib3, requests, botocore and Python: they
# come before anything is sent. Our own comes before the call it keeps from being made.
_NEVER_SENT = frozenset(
    (
        "KeitoLimitReached",
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "UnsupportedProtocol",
        "ClientConnectorError",
        "ConnectionTimeoutError",
        "NewConnectionError",
        "ConnectTimeoutError",
        "EndpointConnectionError",
        "ProxyConnectionError",
        "ConnectionRefusedError",
        "SSLCertVerificationError",
        "gaierror",
    )
)

# What libraries raise for any failure of a connection, some without saying `from`.
_SAY_WHY_BY_CONTEXT = ("APIConnectionError", "ConnectionError", "MaxRetryError")

# Causes can go round in circles.
_DEEPEST = 20

# The server or the client waited no longer (408, 499), or the model failed at its work (424 at
# Bedrock): none of them says that no work was done.
_GAVE_UP = (408, 424, 499)

# Only providers say this one, of a call that they do not let in. A 503 may mean the same, but is
# also what a gateway says that lost the provider half-way. Any other 5xx may come after the work.
_OVERLOADED = 529

# Azure charges for a prompt that its filter has read, and says 400.
_FILTERED = "content_filter"


def status_of(error: BaseException) -> Status:
    """Return the status of a run that this error ended."""
    if isinstance(error, GeneratorExit):
        return "closed_early"
    # By name: importing asyncio for its CancelledError would cost more than all of recording.
    if isinstance(error, (KeyboardInterrupt, SystemExit)) or "CancelledError" in _names(error):
        return "cancelled"
    if "KeitoLimitReached" in _names(error):
        return "limit"
    if "GraphInterrupt" in _names(error):
        # LangGraph's: a node that waits for a person.
        return "interrupted"
    return "error"


def cost_nothing(error: BaseException) -> bool:
    """Whether it is certain that no provider charges for a model call that failed so.

    It is where the provider says that it has refused the call, and where nothing of the call was
    sent. After anything else, be it an answer that nobody could read, the provider may have done
    its work: what that took is not known, and must not be recorded as nothing.
    """
    # An error may be of anyone's making, and fail where it is read.
    return tried("reading a model's error", _cost_nothing, error) or False


def _cost_nothing(error: BaseException) -> bool:
    for one in _chain(error):
        names = _names(one)
        if not names.isdisjoint(_NEVER_SENT):
            return True
        # botocore gives what breaks off a stream the status 400, though the answer's was 200.
        if "EventStreamError" in names:
            return False
        statuses = _statuses(one)
        if statuses:
            return all(map(_refuses, statuses)) and _read(one, "code") != _FILTERED
    return False


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from, outermost first."""
    one: BaseException | None = error
    for _ in range(_DEEPEST):
        if one is None:
            return
        yield one
        before = one.__cause__
        # What was merely being handled may be an attempt before this one, and say nothing of it.
        if before is None and type(one).__name__ in _SAY_WHY_BY_CONTEXT:
            before = one.__context__
        one = before


def _statuses(error: BaseException) -> list[int]:
    """What the error and the answer it holds give as HTTP status.

    All count: where an error comes in the middle of a stream, the answer's own status was 200.
    """
    said = [_read(error, name) for name in ("status_code", "status", "code")]
    response = _read(error, "response")
    if isinstance(response, dict):
        # botocore's.
        metadata = response.get("ResponseMetadata")
        said.append(metadata.get("HTTPStatusCode") if isinstance(metadata, dict) else None)
    else:
        said += [_read(response, "status_code"), _read(response, "status")]
    return [number for number in said if isinstance(number, int) and 100 <= number <= 599]


def _read(source: object, name: str) -> object:
    found: object = getattr(source, name, None)
    return found


def _refuses(status: int) -> bool:
    if status == _OVERLOADED:
        return True
    return 400 <= status <= 499 and status not in _GAVE_UP


def _names(error: BaseException) -> set[str]:
    return {cls.__name__ for cls in type(error).__mro__}
