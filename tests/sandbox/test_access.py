"""Keys, accounts, and the two shapes of refusal."""

from __future__ import annotations

import httpx
import pytest

from keito.testing import LocalKeito
from tests.sandbox.http import Http, entry, error

ME = "/api/v2/users/me"


def ask(local: LocalKeito, **headers: str) -> httpx.Response:
    return httpx.get(
        local.base_url + ME, headers={k.replace("_", "-"): headers[k] for k in headers}
    )


def test_a_key_and_its_account_are_let_in(local: LocalKeito) -> None:
    response = ask(
        local, Authorization=f"Bearer {local.api_key}", Keito_Account_Id=local.account_id
    )

    assert response.status_code == 200
    assert response.json()["id"] == "usr_ada"


def test_a_request_without_a_key_is_refused(local: LocalKeito) -> None:
    assert error(ask(local, Keito_Account_Id=local.account_id)) == (401, "unauthorized")


def test_a_request_without_an_account_is_refused(local: LocalKeito) -> None:
    assert error(ask(local, Authorization=f"Bearer {local.api_key}")) == (401, "unauthorized")


def test_a_request_for_another_account_is_refused(local: LocalKeito) -> None:
    response = ask(local, Authorization=f"Bearer {local.api_key}", Keito_Account_Id="acc_other")

    assert error(response) == (401, "unauthorized")


def test_an_unknown_sandbox_key_is_refused(local: LocalKeito) -> None:
    response = ask(
        local, Authorization="Bearer kto_sandbox_nobody", Keito_Account_Id=local.account_id
    )

    assert error(response) == (401, "unauthorized")


def test_a_real_key_is_refused_and_not_repeated_in_the_answer(local: LocalKeito) -> None:
    response = ask(local, Authorization="Bearer kto_live_secret", Keito_Account_Id=local.account_id)

    assert response.status_code == 401
    assert "kto_sandbox_" in response.json()["error_description"]
    assert "secret" not in response.text


@pytest.mark.parametrize("path", [ME, "/api/v2/nothing", "/api/v2/time_entries?per_page=0"])
def test_every_answer_names_the_version_of_the_api(admin: Http, path: str) -> None:
    assert admin.get(path).headers["X-Keito-API-Version"] == "2"


def test_a_refused_key_is_told_the_version_too(local: LocalKeito) -> None:
    assert ask(local).headers["X-Keito-API-Version"] == "2"


def test_an_unknown_path_is_not_found(admin: Http) -> None:
    assert error(admin.get("/api/v2/nothing")) == (404, "not found")


def test_a_method_that_a_path_does_not_take_is_named_with_those_it_takes(admin: Http) -> None:
    response = admin.put("/api/v2/time_entries", json={})

    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, POST"


def test_errors_are_flat_by_default(admin: Http) -> None:
    response = admin.post("/api/v2/time_entries", json={**entry(), "project_id": 7})

    assert response.status_code == 400
    assert set(response.json()) == {"error", "error_description"}
    assert response.json()["error_description"].startswith("project_id: ")


def test_errors_can_be_nested(local: LocalKeito, admin: Http) -> None:
    local.answer_errors("nested")

    response = admin.post("/api/v2/time_entries", json={**entry(), "hours": 25})

    assert response.json()["error"]["code"] == "validation_error"
    assert response.json()["error"]["field"] == "hours"
    assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("status", "code", "path"),
    [
        (401, "authentication_error", ME),
        (404, "not_found", "/api/v2/clients/cli_none"),
    ],
)
def test_nested_errors_have_a_code_for_each_status(
    local: LocalKeito, admin: Http, status: int, code: str, path: str
) -> None:
    local.answer_errors("nested")

    response = admin.get(path, headers={"Authorization": "none"} if status == 401 else {})

    assert response.status_code == status
    assert response.json()["error"]["code"] == code


def test_a_missing_field_is_named(admin: Http) -> None:
    response = admin.post("/api/v2/time_entries", json={"task_id": "tsk_agent_run"})

    assert "is required" in response.json()["error_description"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"hours": NaN}', b"\xff", b"[" * 9999]
)
def test_a_body_that_is_no_json_object_is_refused(admin: Http, body: bytes) -> None:
    response = admin.post(
        "/api/v2/time_entries", content=body, headers={"Content-Type": "application/json"}
    )

    assert error(response) == (400, "bad request")


def test_a_body_that_is_not_declared_json_is_refused(admin: Http) -> None:
    response = admin.post(
        "/api/v2/time_entries", content=b"{}", headers={"Content-Type": "text/plain"}
    )

    assert error(response) == (400, "bad request")
