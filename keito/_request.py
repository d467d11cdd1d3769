"""What to send, decided without sending it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, Literal, TypeVar
from urllib.parse import quote

from ._errors import KeitoInputError

T = TypeVar("T")

API = "/api/v2"

Method = Literal["GET", "POST", "PATCH", "DELETE"]

InDoubt = Literal["repeat", "look_up", "raise"]
"""What to do when nobody can tell whether Keito carried a request out.

repeat: the request says how things shall be, so sending it again changes nothing more.
look_up: the request made a record that carries our key; search for it before anything else.
raise: let the caller decide.
"""


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """One operation of the API, as data: it can be stored, compared and sent later.

    Attributes:
        returns: The type that the answer is read as; `NoneType` for an operation without one.
        params: The query, without absent values.
        body: The JSON body, or None to send none.
        key: The dedupe key that the body carries in `metadata.keito_key`.
        in_doubt: What to do when nobody can tell whether it was carried out.
        settle: Seconds after which a record that still can't be found was never made.
        if_gone: What a repeated DELETE returns when the record has gone.
    """

    method: Method
    path: str
    returns: type[T]
    params: Mapping[str, object] = field(default_factory=dict[str, object])
    body: Mapping[str, object] | None = None
    key: str | None = None
    in_doubt: InDoubt = "repeat"
    settle: float | None = None
    if_gone: T | None = None

    @property
    def writes(self) -> bool:
        """Whether carrying it out changes something at Keito."""
        return self.method != "GET"

    def with_params(self, **params: object) -> Request[T]:
        """Return the same request with further or other query parameters."""
        return replace(self, params={**self.params, **params})


def path(*parts: str) -> str:
    """Build an operation's path; an id is quoted, so that it can't reach another operation.

    Raises:
        KeitoInputError: An id is empty, no text, or text that has no UTF-8.
    """
    return "/".join([API, *map(_segment, parts)])


def _segment(part: object) -> str:
    if not isinstance(part, str) or part.strip(" .") == "":
        raise KeitoInputError(f"an id is text and not empty, not {part!r}")
    try:
        return quote(part, safe="")
    except UnicodeEncodeError:
        raise KeitoInputError(f"an id is text that UTF-8 can write, not {part!r}") from None


def query(choice: Mapping[str, object]) -> dict[str, object]:
    """Return the query for a choice: `from_date` and `to_date` are `from` and `to` at Keito."""
    return {_AT_KEITO.get(name, name): value for name, value in choice.items()}


_AT_KEITO = {"from_date": "from", "to_date": "to"}
