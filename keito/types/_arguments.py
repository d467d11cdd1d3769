"""The kinds of value that an argument may have, checked before anything is sent.

Each is what a type checker sees and the rule that holds at run time. The rules come from the
API's description (`openapi-v2`), so that a mistake is a sentence here and not a 400 from afar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Annotated, Any, TypeVar, cast, get_args

from pydantic import (
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    TypeAdapter,
    with_config,
)
from pydantic import ValidationError as PydanticError
from typing_extensions import TypedDict

from .. import _json
from .._errors import KeitoInputError
from .._unset import UNSET
from .common import ExpenseSource, Source

MAX_METADATA_BYTES = 4096
MAX_HOURS = 24
MAX_PER_PAGE = 2000
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_LARGEST_NAMED = 3

FORBID_UNKNOWN = ConfigDict(extra="forbid", strict=True)
# A tuple is as good as a list; what is in it is still checked strictly.
ANY_SEQUENCE = Field(strict=False)

Number = Decimal | int | float | str
"""A number; a float stands for the digits that Python prints for it."""


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, float, str)):
        raise ValueError(f"must be a number, not {type(value).__name__}")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"must be a number, not {value!r}") from None
    if not number.is_finite():
        raise ValueError("must be a finite number")
    return number


def _between(low: int, high: int | None) -> Callable[[object], Decimal]:
    def check(value: object) -> Decimal:
        number = _number(value)
        if number < low or (high is not None and number > high):
            limits = f"{low} or more" if high is None else f"between {low} and {high}"
            raise ValueError(f"must be {limits}, not {number}")
        return number

    return check


def _day(value: object) -> str:
    if isinstance(value, datetime):
        raise ValueError("must be a date; whose midnight counts can't be told from a datetime")
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        raise ValueError(f"must be a date or 'YYYY-MM-DD', not {type(value).__name__}")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError(f"must be a date like 2026-03-05, not {value!r}")
    return date.fromisoformat(value).isoformat()


def _compact_day(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"\d{8}", value):
        value = f"{value[:4]}-{value[4:6]}-{value[6:]}"
    return _day(value).replace("-", "")


def _moment(value: object) -> str:
    if isinstance(value, str):
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if not isinstance(value, datetime):
        raise ValueError(f"must be a datetime or ISO 8601 text, not {type(value).__name__}")
    if value.tzinfo is None:
        raise ValueError("must say its time zone, e.g. datetime.now(timezone.utc)")
    return value.isoformat()


def _clock(value: object) -> str:
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise ValueError(f"must be a time of day like 09:30, not {value!r}")
    return value


def _metadata(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ValueError("must be a dict with text as keys")
    try:
        size = len(_json.dumps(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"must be JSON: {error}") from None
    if size > MAX_METADATA_BYTES:
        raise ValueError(
            f"takes {size} bytes as JSON and may take {MAX_METADATA_BYTES}; "
            f"largest: {_largest(value)}"
        )
    return dict(value)


def _largest(metadata: Mapping[str, object]) -> str:
    sizes = {name: len(_json.dumps(value)) for name, value in metadata.items()}
    names = sorted(sizes, key=lambda name: -sizes[name])[:_LARGEST_NAMED]
    return ", ".join(f"{name} ({sizes[name]})" for name in names)


def _several(known: tuple[str, ...]) -> Callable[[object], str]:
    def check(value: object) -> str:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
            raise ValueError("must be a source or several, e.g. ['agent', 'api']")
        names = [name for part in names for name in part.split(",")]
        if not names or not set(names) <= set(known):
            raise ValueError(f"must be among {', '.join(known)}")
        return ",".join(names)

    return check


def _email(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise ValueError("must be an e-mail address")
    return value


Hours = Annotated[Number, PlainValidator(_between(0, MAX_HOURS))]
Amount = Annotated[Number, PlainValidator(_number)]
Cost = Annotated[Number, PlainValidator(_between(0, None))]
Day = Annotated[date | str, PlainValidator(_day)]
Instant = Annotated[datetime | str, PlainValidator(_moment)]
Clock = Annotated[str, PlainValidator(_clock)]
MetadataDict = Annotated[Mapping[str, Any], PlainValidator(_metadata)]
Id = Annotated[str, StringConstraints(min_length=1)]
Units = Annotated[int, Field(ge=1)]
Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]
Email = Annotated[str, PlainValidator(_email)]
Sources = Annotated[str | Sequence[str], PlainValidator(_several(get_args(Source)))]
ExpenseSources = Annotated[str | Sequence[str], PlainValidator(_several(get_args(ExpenseSource)))]
CompactDay = Annotated[date | str, PlainValidator(_compact_day)]


@with_config(FORBID_UNKNOWN)
class PageChoice(TypedDict, total=False):
    """Which page of a list to read."""

    page: Annotated[int, Field(ge=1)]
    per_page: Annotated[int, Field(ge=1, le=MAX_PER_PAGE)]


D = TypeVar("D", bound=Mapping[str, Any])


def given(shape: type[D], **arguments: object) -> dict[str, object]:
    """Check arguments against a TypedDict, without those that are None, for sending.

    Raises:
        KeitoInputError: One sentence for each wrong argument.
    """
    return _checked(shape, {k: v for k, v in arguments.items() if v is not None})


def changes(shape: type[D], **arguments: object) -> dict[str, object]:
    """Like `given`, but None is sent, since it clears a field; only `UNSET` is left out.

    Raises:
        KeitoInputError: One sentence for each wrong argument.
    """
    return _checked(shape, {k: v for k, v in arguments.items() if v is not UNSET})


def seconds(name: str, value: float | None) -> float | None:
    """Check a length of time.

    Raises:
        KeitoInputError: It is no number, or below 0.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise KeitoInputError(f"{name} must be a number of seconds, 0 or more")
    return float(value)


def _checked(shape: type[D], present: dict[str, object]) -> dict[str, object]:
    try:
        return cast("dict[str, object]", dict(_adapter(shape).validate_python(present)))
    except PydanticError as error:
        raise KeitoInputError(_sentences(error)) from None


@cache
def _adapter(shape: type[D]) -> TypeAdapter[D]:
    return TypeAdapter(shape)


def _sentences(error: PydanticError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{_place(p['loc'])} {_complaint(p['msg'])}" for p in problems)


def _place(path: tuple[str | int, ...]) -> str:
    return ".".join(str(step) for step in path) or "the argument"


def _complaint(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Input should be", "must be")
