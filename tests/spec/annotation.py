"""What a type annotation admits, in the terms that an API's description uses."""

from __future__ import annotations

import re
import types
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError
from typing_extensions import NotRequired, Required, is_typeddict

from tests.spec.document import Json
from tests.spec.normalise import Fact


@dataclass(frozen=True, slots=True)
class Admitted:
    """The values that an annotation allows.

    Attributes:
        types: The classes, `list` for `list[str]`.
        values: The texts of its `Literal`s.
        null: Whether None is allowed.
    """

    types: frozenset[type]
    values: frozenset[str]
    null: bool


def admitted(annotation: object) -> Admitted:
    """Everything that a value of the annotation may be."""
    parts = list(_alternatives(annotation))
    values = {value for part in parts if get_origin(part) is Literal for value in get_args(part)}
    classes = {get_origin(part) or part for part in parts if get_origin(part) is not Literal}
    anything = {object} if Any in classes else set()
    named = {one for one in classes - {Any, types.NoneType} if isinstance(one, type)}
    return Admitted(
        frozenset(anything | named),
        frozenset(value for value in values if isinstance(value, str)),
        types.NoneType in classes or Any in classes,
    )


def item(annotation: object) -> object | None:
    """What a list of this annotation holds."""
    for part in _alternatives(annotation):
        if get_origin(part) is list:
            (inner,) = get_args(part)
            return cast("object", inner)
    return None


@cache
def fields(annotation: object) -> dict[str, object]:
    """The fields of the model, dataclass or TypedDict that the annotation allows."""
    for part in _alternatives(annotation):
        holder = get_origin(part) or part
        if isinstance(holder, type) and issubclass(holder, BaseModel):
            return {name: field.annotation for name, field in holder.model_fields.items()}
        if is_typeddict(holder) or is_dataclass(holder):
            return get_type_hints(holder, include_extras=True)
    return {}


def accepts(annotation: object, value: object) -> bool:
    """Whether the rules behind an argument's annotation let the value pass."""
    try:
        _adapter(_unmarked(annotation)).validate_python(value)
    except ValidationError:
        return False
    return True


def at(holder: object, path: list[str]) -> object | None:
    """The annotation of a field of a field; None where there is none."""
    for step in path:
        found = item(holder) if step == "[]" else fields(holder).get(step)
        if found is None:
            return None
        holder = found
    return holder


def steps(place: str) -> list[str]:
    """`200.line_items[].id` as `200`, `line_items`, `[]`, `id`."""
    return re.findall(r"\[\]|[^.\[]+", place)


def kind(fact: Fact, known: Container[str]) -> str:
    """A fact's type with its format, unless nothing is known about the format."""
    formatted = f"{fact['type']} {fact.get('format', '')}"
    return formatted if formatted in known else str(fact["type"])


def texts(values: Json) -> set[str]:
    """The values of an enumeration."""
    return {str(value) for value in values} if isinstance(values, list) else set()


@cache
def required_keys(shape: object) -> set[str]:
    """The keys that a dict of this TypedDict has to have.

    Asked of the validator: `__required_keys__` is wrong where annotations are text.
    """
    try:
        _adapter(shape).validate_python({})
    except ValidationError as error:
        return {str(one["loc"][0]) for one in error.errors() if one["type"] == "missing"}
    return set()


@cache
def _adapter(annotation: object) -> TypeAdapter[object]:
    return TypeAdapter(cast("type[object]", annotation))


def _unmarked(annotation: object) -> object:
    while get_origin(annotation) in (Required, NotRequired):
        annotation = get_args(annotation)[0]
    return annotation


def _alternatives(annotation: object) -> Iterator[object]:
    origin = get_origin(annotation)
    if origin in (Annotated, Required, NotRequired):
        yield from _alternatives(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _alternatives(part)
    elif origin is Sequence:  # one of several, or several of them: the same values
        yield Sequence
        yield from _alternatives(get_args(annotation)[0])
    else:
        yield annotation
