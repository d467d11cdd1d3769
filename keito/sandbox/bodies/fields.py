"""What the fields of request bodies and queries may hold.

Types are those of JSON, so `"1"` is not a number and `1` is not true. `Maybe` marks what may be
left out but not be null; what the API lets be null is written `| None`.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

T = TypeVar("T")

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# No invoice has larger numbers, and a sum of such numbers is exact in the arithmetic of `sums`.
_LARGEST = Decimal(10) ** 15
_MOST_DECIMALS = 30


class Body(BaseModel):
    """A JSON object sent with a request; unknown fields are ignored."""

    model_config = ConfigDict(strict=True)

    def given(self, *but: str) -> dict[str, Any]:
        """The fields that were sent, by name, without those named."""
        return {name: getattr(self, name) for name in self.model_fields_set if name not in but}


def _not_null(value: T) -> T:
    if value is None:
        raise ValueError("may be left out but not be null")
    return value


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not _DAY.fullmatch(value):
        raise ValueError("should be a date like 2026-01-31")
    return date.fromisoformat(value)


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value[:-1] + "+00:00" if value[-1:] in "Zz" else value)
        return moment.astimezone(timezone.utc) if moment.tzinfo else _as_utc(moment)
    except (ValueError, OverflowError) as error:
        raise ValueError("should be a date and time like 2026-01-31T12:00:00Z") from error


def _as_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc)


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ValueError("should be a number")
    number = Decimal(value) or Decimal(0)
    if not number.is_finite() or abs(number) >= _LARGEST or _decimals(number) > _MOST_DECIMALS:
        raise ValueError("has too many digits")
    return number


def _decimals(number: Decimal) -> int:
    _, digits, _ = number.as_tuple()
    return len(digits) - 1 - number.adjusted()


def _whole(value: object) -> object:
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value


def _like(pattern: str, message: str) -> AfterValidator:
    """Text of a form; pydantic's own pattern would answer with the expression."""
    form = re.compile(pattern)

    def check(value: str) -> str:
        if not form.fullmatch(value):
            raise ValueError(message)
        return value

    return AfterValidator(check)


class _NotNull:
    """Takes null out of an optional type, for values and in the description.

    pydantic's own `SkipJsonSchema[None]` would do, but it names the branches of a union in every
    error.
    """

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_after_validator_function(_not_null, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        value, _null = handler(schema)["anyOf"]
        described: JsonSchemaValue = value
        return described


Maybe = Annotated[T | None, _NotNull()]

Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Number = Annotated[Decimal, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
Hours = Annotated[
    Decimal,
    Field(ge=0, le=24),
    BeforeValidator(_number),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 24}),
]
Cost = Annotated[
    Decimal,
    Field(ge=0),
    BeforeValidator(_number),
    WithJsonSchema({"type": "number", "minimum": 0}),
]
Whole = Annotated[
    int, Field(lt=2**53, gt=-(2**53)), BeforeValidator(_whole), WithJsonSchema({"type": "integer"})
]
Units = Annotated[
    int,
    Field(ge=1, lt=2**53),
    BeforeValidator(_whole),
    WithJsonSchema({"type": "integer", "minimum": 1}),
]
TimeOfDay = Annotated[
    str,
    _like(r"([01][0-9]|2[0-3]):[0-5][0-9]", "should be a time like 09:30"),
    WithJsonSchema({"type": "string", "description": "HH:mm"}),
]
Email = Annotated[
    str,
    _like(r"[^@\s]+@[^@\s]+", "should be an e-mail address"),
    WithJsonSchema({"type": "string", "format": "email"}),
]
Currency = Annotated[
    str,
    _like(r"[A-Z]{3}", "should be a currency like USD"),
    WithJsonSchema({"type": "string", "description": "3-letter ISO code."}),
]
