"""Reading what Keito answered: as the asked-for type, or as a typed error."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import TypeVar, cast, get_args, get_origin

from . import _json
from ._config import DEFAULT_BASE_URL, OTHER_BASE_URL, Config
from ._errors import (
    KeitoApiError,
    KeitoConnectionError,
    KeitoError,
    KeitoRateLimitError,
    KeitoTimeoutError,
    error_class,
)
from ._explanation import explanation
from ._headers import retry_after
from ._request import Request
from ._transport import Answer, Failure, Outcome
from .types._model import Http, Model
from .types.page import Rows

T = TypeVar("T")

_LONGEST_QUOTE = 200


def read(answer: Answer, request: Request[T], config: Config) -> T:
    """Read a 2xx answer as the type that the request returns.

    Raises:
        KeitoApiError: It isn't JSON, or it lacks what makes it that type.
    """
    try:
        return cast("T", _parse(request.returns, answer))
    except (ValueError, RecursionError) as error:
        got = _summary(answer, config)
        reason = f"expected {_name(request.returns)}, got {got}: {_reason(error)}"
    raise KeitoApiError(
        answer.status,
        "unreadable answer",
        _hide(reason, config),
        headers=_hide(dict(answer.headers), config),
        body=_hide(_body(answer), config),
    )


def gone(request: Request[T], answer: Answer) -> T:
    """Return what a repeated DELETE returns whose first try has deleted the object."""
    if isinstance(request.if_gone, Model):
        request.if_gone.with_http(Http(answer.status, answer.headers))
    return cast("T", request.if_gone)


def error_from(outcome: Outcome, request: Request[T], config: Config) -> KeitoError:
    """Return the typed error for an answer that is not 2xx, or for none at all."""
    if isinstance(outcome, Failure):
        return _connection_error(outcome, request, config)
    body = _body(outcome)
    name, description, field = _explanation(body, outcome, config)
    error = error_class(outcome.status)(
        outcome.status,
        _hide(name, config),
        _hide(description, config),
        headers=_hide(dict(outcome.headers), config),
        body=_hide(body, config),
        field=_hide(field, config),
    )
    if isinstance(error, KeitoRateLimitError):
        error.retry_after = retry_after(outcome.headers)
    return error


def _parse(returns: object, answer: Answer) -> object:
    if returns is NoneType:
        _check_nothing(answer)
        return None
    data = _json.loads(answer.content)
    http = Http(answer.status, answer.headers)
    if get_origin(returns) is Rows:
        (item,) = get_args(returns)
        return Rows.read(item, data, http)
    return cast("type[Model]", returns).read(data, http)


def _check_nothing(answer: Answer) -> None:
    # A proxy's log-in page also comes with status 200: it must not pass for a deletion.
    if answer.content.strip():
        _json.loads(answer.content)


def _connection_error(
    failure: Failure, request: Request[T], config: Config
) -> KeitoConnectionError:
    what = f"{request.method} {config.base_url}{request.path}"
    reason = _hide(str(failure.error) or type(failure.error).__name__, config)
    if failure.kind == "timeout":
        error: KeitoConnectionError = KeitoTimeoutError(f"{what}: no answer in time ({reason})")
    elif failure.kind == "broken":
        error = KeitoConnectionError(f"{what}: the connection broke ({reason})")
    else:
        error = KeitoConnectionError(f"{what}: can't connect ({reason}){_hint(config)}")
    error.__cause__ = failure.error
    return error


def _hint(config: Config) -> str:
    if config.base_url != DEFAULT_BASE_URL:
        return ""
    return (
        f"; if your Keito lives elsewhere, e.g. at {OTHER_BASE_URL}, "
        "pass base_url= or set KEITO_BASE_URL"
    )


def _explanation(
    body: object, answer: Answer, config: Config
) -> tuple[str, str | None, str | None]:
    if not isinstance(body, Mapping):
        return "unexpected answer", _summary(answer, config), None
    name, description, field = explanation(body)
    return name or "error", description, field


def _body(answer: Answer) -> object:
    try:
        return _json.loads(answer.content)
    except (ValueError, RecursionError):
        return answer.content.decode("utf-8", "replace")


def _summary(answer: Answer, config: Config) -> str:
    kind = answer.headers.get("content-type", "no content type").split(";")[0]
    # Hidden before it is cut: half a key is not found any more.
    text = _hide(answer.content.decode("utf-8", "replace"), config)
    quote = " ".join(text[:_LONGEST_QUOTE].split())
    return f"{kind} {quote!r}" if quote else "an empty body"


def _name(returns: object) -> str:
    if get_origin(returns) is Rows:
        return f"a page of {get_args(returns)[0].__name__}"
    return getattr(returns, "__name__", str(returns))


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _hide(value: T, config: Config) -> T:
    """Take the API key out of what is about to be shown: some proxies echo what they were sent."""
    return cast("T", _without(value, config.api_key))


def _without(value: object, secret: str) -> object:
    if isinstance(value, str):
        return value.replace(secret, "[API key]")
    if isinstance(value, Mapping):
        return {_without(k, secret): _without(v, secret) for k, v in value.items()}
    if isinstance(value, list):
        return [_without(item, secret) for item in value]
    return value
