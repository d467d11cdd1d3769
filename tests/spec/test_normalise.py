"""An OpenAPI document becomes the same facts, however it is written down."""

from __future__ import annotations

import json

import pytest

from tests.spec.document import Document, Json, SpecError
from tests.spec.normalise import Fact, normalise


def document(schema: object = None, /, **parts: object) -> Document:
    """A description with one operation that answers with the schema."""
    answer = {"content": {"application/json": {"schema": schema or {}}}}
    components = parts.pop("components", {})
    operation = {"operationId": "look", "responses": {"200": answer}} | parts
    paths = {"/things/{id}": {"get": operation}}
    root = {"openapi": "3.1.0", "paths": paths, "components": components}
    return Document.parse(json.dumps(root))


def facts(described: Document) -> dict[str, Fact]:
    return normalise(described)["GET /things/{id}"]


def answer(schema: object, /, **components: object) -> dict[str, Fact]:
    """The rows of an answer, without the operation's own."""
    rows = facts(document(schema, components={"schemas": components}))
    return {name: fact for name, fact in rows.items() if name.startswith("200")}


def test_an_operation_has_its_id_and_a_row_for_each_answer() -> None:
    rows = facts(document(responses={"200": {"description": "here"}, "default": {}}))

    assert list(rows) == ["operation", "200", "default"]
    assert rows["operation"] == {"id": "look"}


def test_prose_is_dropped() -> None:
    schema = {"type": "string", "description": "words", "title": "T", "example": "x"}

    assert answer(schema) == {"200": {"type": "string"}}


def test_limits_enumerations_and_defaults_are_facts() -> None:
    schema = {
        "type": "object",
        "required": ["hours"],
        "properties": {
            "hours": {"type": "number", "minimum": 0, "maximum": 24.0},
            "source": {"type": "string", "enum": ["web", "api"], "default": "web"},
            "taxed": {"type": "boolean", "default": False},
        },
    }

    assert answer(schema) == {
        "200": {"type": "object"},
        "200.hours": {"type": "number", "minimum": 0, "maximum": 24, "required": True},
        "200.source": {"type": "string", "enum": ["api", "web"], "default": "web"},
        "200.taxed": {"type": "boolean", "default": False},
    }


def test_a_reference_is_what_it_refers_to() -> None:
    by_name = answer({"$ref": "#/components/schemas/A"}, A={"$ref": "#/components/schemas/B"}, B={})

    assert by_name == answer({})


def test_all_of_is_all_of_its_fields() -> None:
    page = {"type": "object", "properties": {"page": {"type": "integer"}}, "required": ["page"]}
    schema = {
        "allOf": [
            {"$ref": "#/components/schemas/Page"},
            {"type": "object", "properties": {"items": {"type": "array"}}},
        ]
    }

    assert answer(schema, Page=page) == {
        "200": {"type": "object"},
        "200.items": {"type": "array"},
        "200.page": {"type": "integer", "required": True},
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "date", "nullable": True},
        {"type": ["string", "null"], "format": "date"},
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        {"oneOf": [{"type": "null"}, {"type": "string", "format": "date"}], "default": None},
        {"allOf": [{"$ref": "#/components/schemas/Day"}], "nullable": True},
        {"anyOf": [{"$ref": "#/components/schemas/Day"}, {"type": "null"}]},
    ],
)
def test_every_way_of_allowing_null_is_one_fact(schema: object) -> None:
    rows = answer(schema, Day={"type": "string", "format": "date"})

    assert rows == {"200": {"type": "string", "format": "date", "nullable": True}}


@pytest.mark.parametrize("schema", [{"const": "send"}, {"type": "string", "enum": ["send"]}])
def test_a_constant_is_an_enumeration_of_one(schema: object) -> None:
    assert answer(schema) == {"200": {"type": "string", "enum": ["send"]}}


def test_a_null_among_the_values_means_nullable() -> None:
    rows = answer({"type": "string", "enum": ["a", None]})

    assert rows == {"200": {"type": "string", "enum": ["a"], "nullable": True}}


def test_limits_are_excluded_alike_in_both_versions() -> None:
    in_3_0 = answer({"type": "number", "minimum": 0, "exclusiveMinimum": True})
    in_3_1 = answer({"type": "number", "exclusiveMinimum": 0})

    assert in_3_0 == in_3_1 == {"200": {"type": "number", "exclusiveMinimum": 0}}


def test_alternatives_have_all_their_types_and_only_the_limits_they_share() -> None:
    schema = {
        "anyOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "minLength": 1},
            {"type": "null"},
        ]
    }

    assert answer(schema) == {"200": {"type": "number | string", "nullable": True}}


def test_alternatives_that_are_enumerations_are_one_enumeration() -> None:
    schema = {"oneOf": [{"type": "string", "enum": ["b"]}, {"type": "string", "enum": ["a"]}]}

    assert answer(schema) == {"200": {"type": "string", "enum": ["a", "b"]}}


def test_the_fields_of_list_items_and_of_open_objects_have_rows() -> None:
    schema = {
        "type": "array",
        "items": {"type": "object", "additionalProperties": {"type": "integer"}},
    }

    assert answer(schema) == {
        "200": {"type": "array"},
        "200[]": {"type": "object"},
        "200[]{}": {"type": "integer"},
    }


def test_a_tree_ends_where_it_repeats_itself() -> None:
    task = {"type": "object", "properties": {"parent": {"$ref": "#/components/schemas/Task"}}}

    rows = answer({"$ref": "#/components/schemas/Task"}, Task=task)

    assert rows["200.parent"] == {"type": "object", "recursive": True}


def test_an_answer_without_content_says_nothing() -> None:
    rows = facts(document(responses={"204": {"description": "gone"}}))

    assert rows["204"] == {"type": "nothing"}


def test_an_operation_s_own_parameter_replaces_the_path_s() -> None:
    shared: Json = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    own: Json = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    path: dict[str, Json] = {"parameters": [shared], "get": {"parameters": [own]}}

    rows = facts(Document({"openapi": "3.0.3", "paths": {"/things/{id}": path}}))

    assert rows["path.id"] == {"type": "integer", "required": True}


def test_a_parameter_that_may_be_null_is_only_optional() -> None:
    in_3_0: dict[str, Json] = {"name": "to", "in": "query", "schema": {"type": "string"}}
    in_3_1 = in_3_0 | {"schema": {"anyOf": [{"type": "string"}, {"type": "null"}]}}

    assert facts(document(parameters=[in_3_1])) == facts(document(parameters=[in_3_0]))


def test_a_body_and_its_fields_say_whether_they_are_required() -> None:
    schema = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "tax": {"type": "number"}},
    }
    body = {"required": True, "content": {"application/json": {"schema": schema}}}

    rows = facts(document(requestBody=body))

    assert rows["body"] == {"type": "object", "required": True}
    assert rows["body.name"] == {"type": "string", "required": True}
    assert rows["body.tax"] == {"type": "number"}


def test_yaml_and_json_say_the_same() -> None:
    written = """
        openapi: 3.1.0
        paths:
          /things/{id}:
            get:
              operationId: look
              responses:
                200:
                  content: {application/json: {schema: {type: string, default: 2026-01-31}}}
    """

    rows = facts(Document.parse(written))

    assert rows == facts(document({"type": "string", "default": "2026-01-31"}))


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"$ref": "#/components/schemas/Gone"}, "#/components/schemas/Gone is not in the document"),
        ({"$ref": "other.yaml#/A"}, "other.yaml#/A is outside the document"),
        ({"type": "object", "properties": ["name"]}, "should be an object"),
        ({"enum": "web"}, "should be a list"),
    ],
)
def test_a_broken_schema_is_named_with_the_place_where_it_stands(schema: object, told: str) -> None:
    with pytest.raises(SpecError, match=told) as caught:
        answer(schema)

    assert "\n" not in str(caught.value)


def test_a_reference_to_itself_is_refused() -> None:
    parameter = {"$ref": "#/components/parameters/Loop"}
    components = {"parameters": {"Loop": parameter}}

    with pytest.raises(SpecError, match="refers to itself"):
        facts(document(parameters=[parameter], components=components))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "neither JSON nor YAML"),
        ("a: [b", "neither JSON nor YAML"),
        ("hello", "no paths"),
        ("openapi: 3.0.3", "no paths"),
        ("swagger: '2.0'\npaths: {}", "OpenAPI 2.0; 3.0 and 3.1 are understood"),
        ("paths: {}", "OpenAPI none"),
    ],
)
def test_what_is_not_a_description_is_refused_in_one_line(text: str, told: str) -> None:
    with pytest.raises(SpecError, match=told) as caught:
        Document.parse(text, "x.yaml")

    assert "\n" not in str(caught.value)
