"""The sandbox's own OpenAPI description, at `/openapi.json`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from .bodies import ClientCreate

TITLE = "Keito API v2 (sandbox)"
_REFERENCE = "#/components/schemas/"
# What FastAPI describes for a failed validation; the sandbox answers 400 in the API's own shape.
_UNUSED = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of the app's operations, as the API publishes it."""
    document = get_openapi(title=TITLE, version="2.0", routes=app.routes)
    schemas = document["components"]["schemas"]
    for operation in _operations(document):
        if _describes_validation(operation["responses"].get("422", {})):
            del operation["responses"]["422"]
    for name in _UNUSED:
        schemas.pop(name, None)
    schemas |= _client_create()
    _promise_nothing(document)
    _drop_null_defaults(schemas)
    document["components"]["securitySchemes"] = {
        "bearerAuth": {"type": "http", "scheme": "bearer", "description": "A kto_sandbox_ key"}
    }
    document["security"] = [{"bearerAuth": []}]
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (operation for path in document["paths"].values() for operation in path.values())


def _describes_validation(response: dict[str, Any]) -> bool:
    return "HTTPValidationError" in str(response)


def _client_create() -> dict[str, Any]:
    _, found = models_json_schema(
        [(ClientCreate, "validation")], ref_template=_REFERENCE + "{model}"
    )
    definitions: dict[str, Any] = found["$defs"]
    return definitions


def _promise_nothing(document: dict[str, Any]) -> None:
    """Take `required` from all that is only answered, since the API promises no field."""
    schemas = document["components"]["schemas"]
    sent = {
        name
        for operation in _operations(document)
        for name in _reachable(schemas, operation.get("requestBody", {}))
    }
    for name, schema in schemas.items():
        if name not in sent:
            schema.pop("required", None)


def _reachable(schemas: dict[str, Any], node: object) -> set[str]:
    names = {ref.removeprefix(_REFERENCE) for ref in _references(node)}
    for name in list(names):
        names |= _reachable(schemas, schemas[name])
    return names


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from _references(inner)


def _drop_null_defaults(schemas: dict[str, Any]) -> None:
    """A field that may be left out has no default; null would say that it may be null."""
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            if field.get("default", ...) is None:
                del field["default"]
