"""What to send, decided without sending it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypedDict, TypeVar

T = TypeVar("T")

Method = Literal["GET", "POST", "PATCH", "DELETE"]

InDoubt = Literal["repeat", "look_up", "raise"]
"""What to do when nobody can tell whether Keito carried a request out.

repeat: the request says how things shall be, so sending it again changes nothing more.
look_up: the request made a record that carries our key; search for it before anything else.
raise: let the caller decide.
"""


class RequestOptions(TypedDict, total=False):
    """How one call differs from the client's settings.

    timeout: Seconds to wait for an answer.
    max_retries: How often to try again, or to look whether a lost create arrived.
    headers: Sent besides the client's own, which they can't replace.
    """

    timeout: float
    max_retries: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """One operation of the API, as data: it can be stored, compared and sent later.

    Attributes:
        returns: The type that the answer is read as; `None` for an operation without one.
        params: The query, without absent values.
        body: The JSON body, or None to send none.
        key: The dedupe key that the body carries in `metadata.keito_key`.
        in_doubt: What to do when nobody can tell whether it was carried out.
        settle: Seconds after which a record that still can't be found was never made.
    """

    method: Method
    path: str
    returns: type[T]
    params: Mapping[str, object] = field(default_factory=dict[str, object])
    body: Mapping[str, object] | None = None
    key: str | None = None
    in_doubt: InDoubt = "repeat"
    settle: float | None = None

    @property
    def writes(self) -> bool:
        """Whether carrying it out changes something at Keito."""
        return self.method != "GET"
