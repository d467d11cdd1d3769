"""The published Python SDK against the sandbox: every resource, sync and async."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from keito.testing import LocalKeito, sandbox
from tests.sandbox.published_sdk import environment

SCRIPT = Path(environment.__file__).with_name("exercise.py")


def run(mode: str) -> tuple[dict[str, Any], LocalKeito]:
    with sandbox() as local:
        result = subprocess.run(
            [str(environment.python()), str(SCRIPT), mode],
            env=local.env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout), local


@pytest.fixture(scope="module", params=["sync", "async"])
def ran(request: pytest.FixtureRequest) -> tuple[dict[str, Any], LocalKeito]:
    return run(request.param)


@pytest.fixture
def report(ran: tuple[dict[str, Any], LocalKeito]) -> dict[str, Any]:
    return ran[0]


def test_it_is_the_published_one(report: dict[str, Any]) -> None:
    assert report["version"] == "0.2.0"


def test_time_entries(report: dict[str, Any]) -> None:
    assert report["time_entries"] == {
        "create": [1.5, "Ada Moore", "agent", 150],
        "update": [2.25, "a", {"a": 1, "b": {"c": [2]}, "d": 4}],
        "timer": [True, ["KeitoConflictError", 409]],
        "list": [6, 6, 3],
        "delete": [],
        "fields": [True, "2026-03-02", "usr_ada"],
    }


def test_expenses(report: dict[str, Any]) -> None:
    assert report["expenses"] == {
        "create": [0.37, "LLM Usage", "unsubmitted"],
        "units": [0.37, 37],
        "list": [37],
    }


def test_users_projects_tasks_clients_and_contacts(report: dict[str, Any]) -> None:
    assert report["people_and_projects"] == {
        "users.me": ["ada@harbour-finch.example", "human", ["admin"], "acc_sandbox"],
        "projects.list": [["Research", None], ["Support", 150]],
        "tasks.list": ["Fax"],
        "clients.create": ["New", "EUR", 15],
        "clients.update": ["New", "1 Street"],
        "clients.get": "1 Street",
        "clients.list": 5,
        "contacts.create": ["New", "Kim"],
        "contacts.list": 1,
    }


def test_invoices_and_their_messages(report: dict[str, Any]) -> None:
    recipients = [{"name": "Jo Park", "email": "jo@acme.example"}]
    assert report["invoices"] == {
        "create": ["draft", 330.37, 30, "2026-04-01"],
        "lines": [["March", 300], ["Tokens", 0.37]],
        "update": ["March", 165.18, 150.19],
        "messages.create": ["send", "Ada Moore", recipients],
        "get": ["open", True],
        "messages.list": [True],
        "delete": [True, True],
        "list": ["1001"],
    }


def test_reports_and_outcomes(report: dict[str, Any]) -> None:
    assert report["reports_and_outcomes"] == {
        "outcomes.log": [
            0,
            "Done",
            {
                "outcome_type": "ticket_resolved",
                "outcome_quantity": 1,
                "outcome_success": True,
                "outcome_unit_price": 0.99,
            },
        ],
        "reports.team_time": [["Ada Moore", 12.25, 12.25, 1837.5, "USD"]],
    }


def test_errors(report: dict[str, Any]) -> None:
    assert report["errors"] == {
        "400": ["KeitoValidationError", 400],
        "401": ["KeitoAuthError", 401],
        "403": ["KeitoForbiddenError", 403],
        "404": ["KeitoNotFoundError", 404],
        "422": ["KeitoApiError", 422],
    }


def test_it_used_every_operation_it_has(ran: tuple[dict[str, Any], LocalKeito]) -> None:
    _, local = ran
    used = {(r.method, "/".join(_masked(r.path))) for r in local.requests()}

    assert len(used) == 23


def _masked(path: str) -> list[str]:
    return ["{id}" if part[:4] in ("ent_", "cli_", "inv_") else part for part in path.split("/")]
