"""Bodies and records as JSON, with every number exact."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import NoReturn

_quoted = json.JSONEncoder(ensure_ascii=False).encode
# Beyond these a short text such as 1e999999 would become megabytes of digits, or overflow a sum.
_LARGEST_EXPONENT = 400
_NAMES: dict[type, list[tuple[str, str]]] = {}
_JSON_KEYWORDS = {None: "null", True: "true", False: "false"}


def decode(body: bytes) -> object:
    """Read JSON; numbers with a fraction become `Decimal`.

    Raises:
        ValueError: It is not JSON in UTF-8, is nested too deeply, or holds a number or text that
            can't be stored.
    """
    try:
        value = json.loads(body.decode(), parse_float=_exact, parse_constant=_refuse)
        _refuse_half_characters(body, value)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def encode(value: object) -> bytes:
    """Write compact UTF-8 JSON from records, mappings, lists and plain values."""
    return _text(value).encode()


def moment(value: datetime) -> str:
    """A moment as the API writes it: UTC, to the millisecond."""
    utc = value.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    return utc.removesuffix("+00:00") + "Z"


def _text(value: object) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if value is None or value is True or value is False:
        return _JSON_KEYWORDS[value]
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, datetime):
        return f'"{moment(value)}"'
    if isinstance(value, date):
        return f'"{value.isoformat()}"'
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_quoted(k)}:{_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_text, value)) + "]"
    names = _field_names(type(value))
    return "{" + ",".join(f"{name}{_text(getattr(value, key))}" for key, name in names) + "}"


def _field_names(kind: type) -> list[tuple[str, str]]:
    if kind not in _NAMES:
        _NAMES[kind] = [(field.name, f'"{field.name}":') for field in fields(kind)]
    return _NAMES[kind]


def _exact(digits: str) -> Decimal:
    try:
        value = Decimal(digits)
    except ArithmeticError as error:
        raise ValueError(f"{digits[:40]} is out of range") from error
    if abs(value.adjusted()) > _LARGEST_EXPONENT or len(digits) > _LARGEST_EXPONENT:
        raise ValueError(f"{digits[:40]} is out of range")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _refuse_half_characters(body: bytes, value: object) -> None:
    # Half of a surrogate pair can be written in JSON but not in UTF-8, so no answer could hold it.
    if b"\\u" in body:
        encode(value)
