"""JSON whose numbers with a fraction are Decimals, so that money never passes through a float."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NoReturn


def loads(content: bytes | str) -> object:
    """Read JSON; numbers with a fraction or an exponent become `Decimal`.

    Raises:
        ValueError: The text is not JSON (`NaN` and `Infinity` are not) or not UTF-8.
    """
    return json.loads(content, parse_float=Decimal, parse_constant=_refuse)


def dumps(value: object) -> bytes:
    """Write compact UTF-8 JSON; a `Decimal` becomes the JSON number with the same digits.

    Raises:
        TypeError: The value holds something JSON has no form for.
        ValueError: The value holds a number that is not finite, or half of a surrogate pair.
    """
    return _text(value).encode()


def _text(value: object) -> str:
    # json.dumps can't write a Decimal as a number: through float it would change digits.
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, (date, datetime)):
        return json.dumps(value.isoformat())
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_name(k)}:{_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return "[" + ",".join(map(_text, value)) + "]"
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def _name(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a JSON object's names are text, not {type(key).__name__}")
    return json.dumps(key, ensure_ascii=False)


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    return format(value, "f")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
