"""Requests made up from the sandbox's own description: no 500, every answer as described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from keito.sandbox import Sandbox
from keito.testing import LocalKeito, sandbox
from tests.sandbox.http import Http, created, invoice, new_entry

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KNOWN = {
    "project_id": "prj_acme_support",
    "task_id": "tsk_agent_run",
    "client_id": "cli_acme",
    "expense_category_id": "cat_llm_usage",
    "user_id": "usr_mia",
    "spent_date": "2026-03-02",
    "issue_date": "2026-03-02",
}

schema = schemathesis.openapi.from_dict(Sandbox().description())


@pytest.fixture(scope="module")
def local() -> Iterator[LocalKeito]:
    with sandbox() as running:
        yield running


@schema.parametrize()
@schema.given(known=st.booleans())
@settings(
    max_examples=24,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_answer_is_as_described(case: Case[Any], known: bool, local: LocalKeito) -> None:
    headers = {
        "Authorization": f"Bearer {local.api_key}",
        "Keito-Account-Id": local.account_id,
    }
    if known:
        name_what_is_there(case, local)

    response = case.call(base_url=local.base_url, headers=headers)

    case.validate_response(response, checks=CHECKS, headers=headers)


def name_what_is_there(case: Case[Any], local: LocalKeito) -> None:
    """Put ids of records in, since made-up ones lead to nothing but 404."""
    if "id" in (case.path_parameters or {}):
        case.path_parameters["id"] = new_record(case.path, local)
    if isinstance(case.body, dict):
        case.body = {name: KNOWN.get(name, value) for name, value in case.body.items()}


def new_record(path: str, local: LocalKeito) -> str:
    with Http(local) as http:
        if "time_entries" in path:
            return str(new_entry(http)["id"])
        if "invoices" in path:
            return str(created(http, "/api/v2/invoices", invoice())["id"])
        return str(created(http, "/api/v2/clients", {"name": "New"})["id"])
