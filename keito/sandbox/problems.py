"""What goes wrong, and both shapes in which the API says so.

Flat is what version 2 answers; nested is what parts of its documentation show. Clients have to
read both, so a sandbox can be told to answer either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fastapi import HTTPException, Response

from .wire import encode

ErrorShape = Literal["flat", "nested"]

# Status: the flat shape's `error`, the nested shape's `code`.
_NAMES = {
    400: ("bad request", "validation_error"),
    401: ("unauthorized", "authentication_error"),
    403: ("forbidden", "authorization_error"),
    404: ("not found", "not_found"),
    405: ("method not allowed", "method_not_allowed"),
    408: ("request timeout", "timeout"),
    409: ("conflict", "conflict"),
    422: ("unprocessable entity", "validation_error"),
    429: ("too many requests", "rate_limit_exceeded"),
    500: ("internal server error", "internal_error"),
    502: ("bad gateway", "bad_gateway"),
    503: ("service unavailable", "service_unavailable"),
    504: ("gateway timeout", "gateway_timeout"),
}


class Problem(HTTPException):
    """A request that is refused. A `code` names what the status alone doesn't."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail=message, headers=headers)
        self.message = message
        self.code = code
        self.field = field

    def response(self, shape: ErrorShape = "flat") -> Response:
        """The answer that says so."""
        return Response(
            encode(self._body(shape)),
            status_code=self.status_code,
            headers=self.headers,
            media_type="application/json",
        )

    def _body(self, shape: ErrorShape) -> dict[str, object]:
        flat, nested = _NAMES.get(self.status_code, ("error", "error"))
        if shape == "flat":
            return {"error": self.code or flat, "error_description": self.message}
        inside = {"code": self.code or nested, "message": self.message}
        return {"error": inside | ({"field": self.field} if self.field else {})}


def invalid(message: str, *, field: str | None = None, code: str | None = None) -> Problem:
    """400: the request is not one the API takes."""
    return Problem(400, message, field=field, code=code)


def forbidden(message: str, *, code: str | None = None) -> Problem:
    """403: this caller may not do that."""
    return Problem(403, message, code=code)


def not_found(what: str, record_id: str) -> Problem:
    """404: there is no such record."""
    return Problem(404, f"{what} {record_id} was not found")


def conflict(message: str) -> Problem:
    """409: the record's state does not allow that."""
    return Problem(409, message)


def broken_rule(message: str, *, field: str | None = None) -> Problem:
    """422: the request is well formed and breaks a rule of the business."""
    return Problem(422, message, field=field)
