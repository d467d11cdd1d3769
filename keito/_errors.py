"""Everything the client raises.

KeitoError
├── KeitoConfigError            no key, no account, a base URL that must not be used
├── KeitoInputError             an argument is wrong; nothing was sent (also a ValueError)
├── KeitoConnectionError        no usable answer arrived
│   └── KeitoTimeoutError
└── KeitoApiError               Keito answered, and the answer is not the one asked for
    ├── KeitoValidationError    400, 422
    ├── KeitoAuthError          401
    ├── KeitoForbiddenError     403
    ├── KeitoNotFoundError      404
    ├── KeitoConflictError      409
    ├── KeitoRateLimitError     429
    └── KeitoServerError        5xx
"""

from __future__ import annotations

from collections.abc import Mapping


class KeitoError(Exception):
    """Any failure of a call to Keito.

    Attributes:
        may_have_been_applied: True when a write was sent and nobody can tell whether Keito
            carried it out. Repeating such a call blindly could bill twice.
    """

    may_have_been_applied: bool = False


class KeitoConfigError(KeitoError):
    """The client can't be used as it is set up, e.g. there is no API key."""


class KeitoInputError(KeitoError, ValueError):
    """An argument was refused before anything was sent."""


class KeitoConnectionError(KeitoError):
    """No complete answer arrived: refused, unresolvable, cut off or broken."""


class KeitoTimeoutError(KeitoConnectionError):
    """No answer arrived within the timeout."""


class KeitoApiError(KeitoError):
    """Keito answered with an error, or with something that is not its API's answer.

    Attributes:
        status: The HTTP status.
        error: Keito's short name of the error, e.g. `not_found`.
        error_description: What Keito says about it, if anything.
        field: The body's field the error is about, if Keito names one.
        headers: The answer's headers, names in lower case.
        body: The answer's body: parsed when it was JSON, otherwise text.
    """

    def __init__(
        self,
        status: int,
        error: str,
        error_description: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        field: str | None = None,
    ) -> None:
        super().__init__(status, error, error_description)
        self.status = status
        self.error = error
        self.error_description = error_description
        self.field = field
        self.headers: Mapping[str, str] = headers or {}
        self.body = body

    def __str__(self) -> str:
        text = f"{self.status} {self.error}"
        if self.error_description:
            text += f": {self.error_description}"
        return text


class KeitoValidationError(KeitoApiError):
    """Keito refused the values sent (400), or they break one of its rules (422)."""


class KeitoAuthError(KeitoApiError):
    """Keito doesn't know this API key for this account (401)."""


class KeitoForbiddenError(KeitoApiError):
    """The key's user may not do this, or the record is locked (403)."""


class KeitoNotFoundError(KeitoApiError):
    """There is no such record, or the key's user can't see it (404)."""


class KeitoConflictError(KeitoApiError):
    """The record's state forbids it: a timer is running, an entry is approved (409)."""


class KeitoRateLimitError(KeitoApiError):
    """Too many requests (429).

    Attributes:
        retry_after: Seconds until Keito takes requests again, if it said so.
    """

    retry_after: float | None = None


class KeitoServerError(KeitoApiError):
    """Keito, or a proxy before it, failed (5xx)."""


_BY_STATUS: Mapping[int, type[KeitoApiError]] = {
    400: KeitoValidationError,
    401: KeitoAuthError,
    403: KeitoForbiddenError,
    404: KeitoNotFoundError,
    409: KeitoConflictError,
    422: KeitoValidationError,
    429: KeitoRateLimitError,
}


def error_class(status: int) -> type[KeitoApiError]:
    """Return the class whose errors carry this HTTP status."""
    if status >= 500:
        return KeitoServerError
    return _BY_STATUS.get(status, KeitoApiError)
