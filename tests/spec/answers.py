"""The rows of an answer, held against our models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from keito.types._model import Model
from keito.types.page import Rows
from tests.spec.annotation import admitted, at, fields, kind, steps, texts
from tests.spec.normalise import Fact

ANSWERED: Mapping[str, type] = {
    "string": str,
    "string date": date,
    "string date-time": datetime,
    "number": Decimal,
    "integer": int,
    "boolean": bool,
    "array": list,
    "any": object,
}


def answer_problem(place: str, fact: Fact, model: type[Model] | None) -> str | None:
    """Why our model does not follow the row of a successful answer, or None."""
    if model is None:
        return None if fact == {"type": "nothing"} else "our method returns nothing"
    holder: object = model
    _status, *path = steps(place)
    if path[:1] == [model.collection]:
        path = path[2:]  # `clients` and `[]`: our page has them as `data`
    elif path and path[0] in fields(Rows) and path[0] not in fields(model):
        holder = Rows
    if not path:
        return None
    annotation = at(holder, path)
    if annotation is None:
        return f"{getattr(holder, '__name__', holder)} has no such field"
    return _type(annotation, fact) or (_presence(model, path, fact) if holder is model else None)


def _type(annotation: object, fact: Fact) -> str | None:
    allowed = admitted(annotation)
    if fact["type"] == "object":
        return None if dict in allowed.types or fields(annotation) else "should be an object"
    known = texts(fact.get("enum", []))
    if known and allowed.values != known:
        return f"should know the values {sorted(known)}, knows {sorted(allowed.values)}"
    expected = ANSWERED[kind(fact, ANSWERED)]
    if allowed.types != {expected}:
        names = sorted(one.__name__ for one in allowed.types)
        return f"should be {expected.__name__}, is {' | '.join(names)}"
    return None


def _presence(model: type[Model], path: list[str], fact: Fact) -> str | None:
    if len(path) > 1:
        return None  # a part of a part may be as it likes: its own holder may be absent
    field = model.model_fields[path[0]]
    if re.fullmatch(r"id|.*_id", path[0]) and not fact.get("nullable"):
        return None if field.is_required() else "an id should be required"
    if field.is_required() or not admitted(field.annotation).null:
        return "should be allowed to be absent, and to be null"
    return None
