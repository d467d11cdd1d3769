"""The sandbox's own OpenAPI description."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from keito.testing import LocalKeito


@pytest.fixture
def description(local: LocalKeito) -> Any:
    return httpx.get(f"{local.base_url}/openapi.json").json()


def operations(description: dict[str, Any]) -> dict[str, Any]:
    return {
        operation["operationId"]: operation
        for path in description["paths"].values()
        for operation in path.values()
    }


def test_it_has_the_25_operations_and_not_the_control_api(description: Any) -> None:
    assert len(operations(description)) == 25
    assert all(path.startswith("/api/v2/") for path in description["paths"])


def test_every_operation_needs_the_key_and_may_refuse_it(description: Any) -> None:
    assert description["security"] == [{"bearerAuth": []}]
    for operation in operations(description).values():
        assert {"401", "429"} <= set(operation["responses"])


def test_no_operation_answers_as_the_framework_does(description: Any) -> None:
    assert "HTTPValidationError" not in str(description)


def test_a_changed_client_is_described_as_a_new_one(description: Any) -> None:
    body = operations(description)["updateClient"]["requestBody"]["content"]["application/json"]

    assert body["schema"] == {"$ref": "#/components/schemas/ClientCreate"}
    assert description["components"]["schemas"]["ClientCreate"]["required"] == ["name"]
