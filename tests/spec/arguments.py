"""The rows of a body or a query, held against our methods' arguments and TypedDicts."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter

from typing_extensions import is_typeddict

from keito import AsyncKeito, Keito
from tests.spec.annotation import (
    accepts,
    admitted,
    at,
    fields,
    kind,
    required_keys,
    steps,
    texts,
)
from tests.spec.normalise import Fact

NAMES = {"from": "from_date", "to": "to_date"}  # `from` is a word of Python's
OURS = {"request_options", "settle"}  # arguments about the call, not about the object

TAKEN: Mapping[str, set[type]] = {
    "string": {str},
    "string date": {date, str},
    "string date-time": {datetime, str},
    "number": {Decimal, int, float, str},
    "integer": {int},
    "boolean": {bool},
    "array": {list},
}


def argument_problem(operation: str, place: str, fact: Fact, shape: type | None) -> str | None:
    """Why our TypedDict does not follow the row of a body or a query, or None."""
    _where, first, *rest = steps(place)
    if shape is None:
        return "our method checks no arguments"
    path = [NAMES.get(first, first), *rest]
    annotation = at(shape, path)
    if annotation is None:
        return f"{shape.__name__} has no such key"
    return (
        _presence(at(shape, path[:-1]), path[-1], fact)
        or _null(operation, annotation, fact)
        or _type(annotation, fact)
        or _limits(annotation, fact)
    )


def _presence(holder: object, key: str, fact: Fact) -> str | None:
    if not is_typeddict(holder):
        return None
    required = key in required_keys(holder)
    if required == bool(fact.get("required")):
        return None
    return "should not be required" if required else "should be required"


def _null(operation: str, annotation: object, fact: Fact) -> str | None:
    # Only a change can clear something; a create leaves it out.
    if not operation.startswith("PATCH"):
        return None
    if bool(fact.get("nullable")) == admitted(annotation).null:
        return None
    return "should allow null" if fact.get("nullable") else "should not allow null"


def _type(annotation: object, fact: Fact) -> str | None:
    allowed = admitted(annotation)
    if fact["type"] == "object":
        is_mapping = any(issubclass(one, Mapping) for one in allowed.types)
        return None if is_mapping or fields(annotation) else "should be an object"
    if "enum" in fact:
        return _closed(annotation, texts(fact["enum"]))
    missing = TAKEN[kind(fact, TAKEN)] - allowed.types
    return f"should take {' | '.join(sorted(one.__name__ for one in missing))}" if missing else None


def _closed(annotation: object, values: set[str]) -> str | None:
    refused = sorted(value for value in values if not accepts(annotation, value))
    if refused:
        return f"should take {', '.join(refused)}"
    return f"should take only {sorted(values)}" if accepts(annotation, "no such value") else None


def _limits(annotation: object, fact: Fact) -> str | None:
    for limit, beyond in (("minimum", -1), ("maximum", 1)):
        bound = fact.get(limit)
        if not isinstance(bound, int):
            continue
        if not accepts(annotation, bound):
            return f"should take its {limit}, {bound}"
        if accepts(annotation, bound + beyond):
            return f"should refuse {bound + beyond}: the {limit} is {bound}"
    return None


def signature_problems(call: str, places: Mapping[str, Fact]) -> Iterator[tuple[str, str]]:
    """The rows that a method's signature does not follow, in either client, and why."""
    expected = {
        NAMES.get(name, name): place
        for place in places
        for where, _, name in [place.partition(".")]
        if where in ("body", "query") and re.fullmatch(r"\w+", name)
    }
    for client in _clients():
        named = f"{type(client).__name__}.{call}"
        try:
            parameters = _parameters(attrgetter(call)(client))
        except AttributeError:
            yield "operation", f"there is no {named}"
            continue
        taken = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
        if len(taken) != sum(place.startswith("path.") for place in places):
            yield (
                "operation",
                f"{named} should take by position what is in the path",
            )
        by_name = {p.name: p for p in parameters if p.name not in taken}
        for name, place in expected.items():
            if why := _parameter(by_name.get(name), places[place]):
                yield place, f"{named} {why}"
        for extra in by_name.keys() - expected.keys() - OURS:
            yield "operation", f"{named} takes {extra}, which the API does not know"


@cache
def _clients() -> tuple[Keito, AsyncKeito]:
    key, account, nowhere = "kto_sandbox_admin", "acc_sandbox", "http://127.0.0.1:1"
    return Keito(key, account, nowhere), AsyncKeito(key, account, nowhere)


def _parameters(method: object) -> list[inspect.Parameter]:
    assert callable(method)
    return list(inspect.signature(method, eval_str=True).parameters.values())


def _parameter(parameter: inspect.Parameter | None, fact: Fact) -> str | None:
    if parameter is None:
        return "has no such argument"
    if (parameter.default is inspect.Parameter.empty) != bool(fact.get("required")):
        return "should require it" if fact.get("required") else "should not require it"
    known, values = admitted(parameter.annotation).values, texts(fact.get("enum", []))
    if values and known != values:
        return f"should have {sorted(values)} in its annotation, has {sorted(known)}"
    return None
