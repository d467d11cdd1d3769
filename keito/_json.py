"""JSON whose numbers with a fraction are Decimals, so that money never passes through a float."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, NoReturn


def loads(content: bytes | str) -> object:
    """Read JSON; numbers with a fraction or an exponent become `Decimal`.

    Raises:
        ValueError: The text is not JSON (`NaN` and `Infinity` are not) or not UTF-8.
    """
    return _DECODER.decode(content if isinstance(content, str) else content.decode())


def dumps(value: object) -> bytes:
    """Write compact UTF-8 JSON; a `Decimal` becomes the JSON number with the same digits.

    Raises:
        TypeError: The value holds something JSON has no form for.
        ValueError: The value holds a number that is not finite, or half of a surrogate pair.
    """
    return _text(value).encode()


def _text(value: object) -> str:
    # json.dumps can't write a Decimal as a number: through float it would change digits.
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, (list, tuple)):
        return _array(value)
    return _ENCODER.encode(value)


def _object(value: Mapping[str, object]) -> str:
    return "{" + ",".join([f"{_name(k)}:{_text(v)}" for k, v in value.items()]) + "}"


def _array(value: Iterable[object]) -> str:
    return "[" + ",".join([_text(item) for item in value]) + "]"


def _name(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a JSON object's names are text, not {type(key).__name__}")
    return encode_basestring(key)


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    return format(value, "f")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


# Made once: json.loads and json.dumps make theirs anew at each call that has settings.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)
_ENCODER = json.JSONEncoder(allow_nan=False)

_WRITERS: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: int.__repr__,
    Decimal: _number,
    dict: _object,
    list: _array,
}
