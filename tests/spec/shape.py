"""A schema with every indirection taken out of it.

`$ref`, `allOf`, OpenAPI 3.0's `nullable`, and 3.1's `anyOf` with null are ways of writing the same
thing down. A shape is that thing, so that two descriptions can be compared whatever their style.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.spec.document import Document, Json, SpecError, mapping, sequence

# What is held against the client; titles, descriptions and examples are prose.
_KEPT = (
    "format", "deprecated", "readOnly", "writeOnly", "minimum", "maximum", "multipleOf",
    "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "pattern",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """One value's type and limits, and what it holds.

    Attributes:
        facts: `type`, `format`, `enum`, `nullable`, limits.
        fields: the properties of an object.
        required: which of those have to be there.
        inside: the items of a list under `[]`, the values of an open object under `{}`.
    """

    facts: dict[str, Json]
    fields: dict[str, Shape] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    inside: dict[str, Shape] = field(default_factory=dict)


_NOTHING = Shape({})


def shape(document: Document, schema: Json, where: str, opened: tuple[str, ...] = ()) -> Shape:
    """The shape of a schema. `opened` are the references being read, so that a tree ends."""
    if isinstance(schema, bool):  # 3.1 allows `true`: anything
        return _NOTHING
    node = mapping(schema, where)
    parts = [_own(document, node, where, opened)]
    parts += [shape(document, part, where, opened) for part in _listed(node, "allOf", where)]
    for several in ("anyOf", "oneOf"):
        parts.append(_either(document, _listed(node, several, where), where, opened))
    if "$ref" in node:
        parts.append(_referred(document, node["$ref"], where, opened))
    return _together(parts)


def _referred(document: Document, ref: Json, where: str, opened: tuple[str, ...]) -> Shape:
    if not isinstance(ref, str):
        raise SpecError(f"{where}: $ref should be text")
    if ref in opened:
        return Shape({"type": "object", "recursive": True})
    return shape(document, document.at(ref, where), where, (*opened, ref))


def _listed(node: dict[str, Json], key: str, where: str) -> list[Json]:
    return sequence(node.get(key, []), f"{where} {key}")


def _own(document: Document, node: dict[str, Json], where: str, opened: tuple[str, ...]) -> Shape:
    facts = _types(node) | _enumeration(node) | _limits(node)
    names = [str(name) for name in _listed(node, "required", where)]
    fields = {
        name: shape(document, value, f"{where}.{name}", opened)
        for name, value in mapping(node.get("properties", {}), where).items()
    }
    inside = {
        mark: shape(document, node[key], f"{where}{mark}", opened)
        for key, mark in (("items", "[]"), ("additionalProperties", "{}"))
        if isinstance(node.get(key), dict) and node[key]
    }
    if "type" not in facts and fields:
        facts["type"] = "object"
    return Shape(facts, fields, frozenset(names), inside)


def _types(node: dict[str, Json]) -> dict[str, Json]:
    written = node.get("type", [])
    types = [written] if isinstance(written, str) else sequence(written, "type")
    values = [str(value) for value in types if value != "null"]
    facts: dict[str, Json] = {"type": " | ".join(sorted(values))} if values else {}
    if node.get("nullable") is True or "null" in types:
        facts["nullable"] = True
    return facts


def _enumeration(node: dict[str, Json]) -> dict[str, Json]:
    values = [node["const"]] if "const" in node else _listed(node, "enum", "enum")
    known = [value for value in values if value is not None]
    facts: dict[str, Json] = {"enum": sorted(known, key=str)} if known else {}
    if known and "type" not in node and all(isinstance(value, str) for value in known):
        facts["type"] = "string"
    return facts if len(known) == len(values) else facts | {"nullable": True}


def _limits(node: dict[str, Json]) -> dict[str, Json]:
    facts = {key: _number(node[key]) for key in _KEPT if not _says_nothing(node.get(key))}
    for limit in ("minimum", "maximum"):
        exclusive = f"exclusive{limit.capitalize()}"
        bound = node.get(exclusive)
        if bound is True and limit in facts:  # 3.0 says true beside the limit, 3.1 has the limit
            facts[exclusive] = facts.pop(limit)
        elif bound is not None and not isinstance(bound, bool):
            facts[exclusive] = _number(bound)
    # A default of null says no more than leaving it out does.
    if node.get("default") is not None:
        facts["default"] = _number(node["default"])
    return facts


def _says_nothing(value: Json) -> bool:
    return value is None or value is False


def _number(value: Json) -> Json:
    """24.0 and 24 are one limit."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _either(
    document: Document, alternatives: list[Json], where: str, opened: tuple[str, ...]
) -> Shape:
    if not alternatives:
        return _NOTHING
    shapes = [shape(document, part, where, opened) for part in alternatives if not _is_null(part)]
    nullable = len(shapes) < len(alternatives) or any("nullable" in one.facts for one in shapes)
    told = shapes[0] if len(shapes) == 1 else _common(shapes)
    return Shape(
        told.facts | ({"nullable": True} if nullable else {}),
        told.fields,
        told.required,
        told.inside,
    )


def _is_null(schema: Json) -> bool:
    return isinstance(schema, dict) and schema.get("type") in ("null", ["null"])


def _common(shapes: list[Shape]) -> Shape:
    """One of several: any of their types and fields, only the limits that they all have."""
    if not shapes:
        return _NOTHING
    facts = {
        key: value
        for key, value in shapes[0].facts.items()
        if all(json.dumps(one.facts.get(key)) == json.dumps(value) for one in shapes)
    }
    types = {name for one in shapes for name in str(one.facts.get("type", "any")).split(" | ")}
    values = [one.facts.get("enum") for one in shapes]
    if all(isinstance(value, list) for value in values):
        united = {str(each): each for value in values if isinstance(value, list) for each in value}
        facts["enum"] = [united[name] for name in sorted(united)]
    return Shape(
        facts | {"type": " | ".join(sorted(types))},
        {name: one.fields[name] for one in reversed(shapes) for name in one.fields},
        frozenset.intersection(*(one.required for one in shapes)),
        {mark: one.inside[mark] for one in reversed(shapes) for mark in one.inside},
    )


def _together(parts: list[Shape]) -> Shape:
    """All at once: what is said nearer to the use wins over what it refers to."""
    facts: dict[str, Json] = {}
    fields: dict[str, Shape] = {}
    inside: dict[str, Shape] = {}
    for part in reversed(parts):
        facts |= part.facts
        fields |= part.fields
        inside |= part.inside
    return Shape(facts, fields, frozenset().union(*(part.required for part in parts)), inside)
