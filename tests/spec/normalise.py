"""From an OpenAPI document to a table of facts, one row each.

A row is an operation (`GET /api/v2/users/me`) and a place in it: `operation`, `query.per_page`,
`path.id`, `body.hours`, `200.line_items[].taxed`. Prose is dropped, so two descriptions have the
same table exactly when a client can't tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from tests.spec.document import Document, Json, mapping, sequence
from tests.spec.shape import Shape, shape

Fact: TypeAlias = dict[str, Json]
Table: TypeAlias = dict[str, dict[str, Fact]]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def normalise(document: Document) -> Table:
    """Every operation of the document with its parameters, body and answers."""
    return {
        name: dict(_operation(document, operation, shared, name))
        for name, operation, shared in _operations(document)
    }


def _operations(document: Document) -> Iterator[tuple[str, dict[str, Json], list[Json]]]:
    for path, written in mapping(document.root["paths"], "paths").items():
        item = document.resolve(mapping(written, path), path)
        shared = sequence(item.get("parameters", []), f"{path} parameters")
        for method in _METHODS:
            if method in item:
                name = f"{method.upper()} {path}"
                yield name, mapping(item[method], name), shared


def _operation(
    document: Document, operation: dict[str, Json], shared: list[Json], where: str
) -> Iterator[tuple[str, Fact]]:
    facts: Fact = {"id": operation.get("operationId")}
    yield "operation", facts | ({"deprecated": True} if operation.get("deprecated") else {})
    own = sequence(operation.get("parameters", []), f"{where} parameters")
    # The operation's own come last, so that in a dict they replace the path's.
    for parameter in [*shared, *own]:
        yield from _parameter(document, parameter, where)
    if "requestBody" in operation:
        body = document.resolve(mapping(operation["requestBody"], where), where)
        yield from _content(document, body, "body", where, required=body.get("required") is True)
    answers = mapping(operation.get("responses", {}), f"{where} responses")
    for status, written in answers.items():
        answer = document.resolve(mapping(written, f"{where} {status}"), where)
        yield from _content(document, answer, status, where)


def _parameter(document: Document, written: Json, where: str) -> Iterator[tuple[str, Fact]]:
    parameter = document.resolve(mapping(written, f"{where} parameters"), where)
    name = f"{parameter.get('in')}.{parameter.get('name')}"
    schema = parameter.get("schema")
    if schema is None:
        schema = next(iter(_schemas(parameter, where).values()), {})
    for row, facts in _rows(name, shape(document, schema, f"{where} {name}")):
        # No address can hold a null, so 3.1's way of saying "optional" says nothing here.
        facts.pop("nullable", None)
        if row == name and parameter.get("required") is True:
            facts["required"] = True
        yield row, facts


def _content(
    document: Document, holder: dict[str, Json], name: str, where: str, *, required: bool = False
) -> Iterator[tuple[str, Fact]]:
    schemas = _schemas(holder, where)
    json_types = [media for media in schemas if media.split(";")[0].endswith(("/json", "+json"))]
    if not json_types:
        yield name, {"type": " | ".join(sorted(schemas)) or "nothing"}
        return
    for row, facts in _rows(name, shape(document, schemas[json_types[0]], f"{where} {name}")):
        yield row, facts | ({"required": True} if required and row == name else {})


def _schemas(holder: dict[str, Json], where: str) -> dict[str, Json]:
    content = mapping(holder.get("content", {}), f"{where} content")
    return {media: mapping(kind, where).get("schema", {}) for media, kind in content.items()}


def _rows(name: str, one: Shape, *, required: bool = False) -> Iterator[tuple[str, Fact]]:
    yield name, {"type": "any"} | one.facts | ({"required": True} if required else {})
    for mark, inner in one.inside.items():
        yield from _rows(f"{name}{mark}", inner)
    for field, inner in one.fields.items():
        yield from _rows(f"{name}.{field}", inner, required=field in one.required)
