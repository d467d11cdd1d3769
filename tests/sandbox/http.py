"""A plain HTTP client with a key, so that what is tested is what any client would see."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx

from keito import _json
from keito.testing import LocalKeito, Role


class Http(httpx.Client):
    """Talks to a local Keito as one of its users."""

    def __init__(self, local: LocalKeito, role: Role = "admin", **options: Any) -> None:
        headers = {
            "Authorization": f"Bearer {local.key(role)}",
            "Keito-Account-Id": local.account_id,
        }
        # With the 5 s of httpx a busy machine could fail any test.
        settings = {"timeout": 60.0, "trust_env": False, **options}
        super().__init__(base_url=local.base_url, headers=headers, **settings)


def exact(response: httpx.Response) -> Any:
    """The answer's JSON, with exact numbers."""
    assert response.is_success, f"{response.status_code} {response.text}"
    return _json.loads(response.content)


def error(response: httpx.Response) -> tuple[int, str]:
    """The status and the flat shape's `error`."""
    return response.status_code, response.json()["error"]


def entry(**changed: object) -> dict[str, object]:
    """The body of a time entry."""
    return {
        "project_id": "prj_acme_support",
        "task_id": "tsk_agent_run",
        "spent_date": "2026-03-02",
        "hours": 1.5,
        **changed,
    }


def expense(**changed: object) -> dict[str, object]:
    """The body of an expense."""
    return {
        "project_id": "prj_acme_support",
        "expense_category_id": "cat_llm_usage",
        "spent_date": "2026-03-02",
        "total_cost": 0.37,
        **changed,
    }


def invoice(**changed: object) -> dict[str, object]:
    """The body of an invoice."""
    return {
        "client_id": "cli_acme",
        "issue_date": "2026-03-31",
        "line_items": [{"description": "March", "quantity": 2, "unit_price": 150}],
        **changed,
    }


def created(http: httpx.Client, path: str, body: Mapping[str, object]) -> dict[str, Any]:
    """What the API made of a body."""
    made: dict[str, Any] = exact(http.post(path, json=body))
    return made


def new_entry(http: httpx.Client, **changed: object) -> dict[str, Any]:
    """A time entry, made."""
    return created(http, "/api/v2/time_entries", entry(**changed))


def listed(http: httpx.Client, resource: str = "time_entries", /, **query: object) -> list[Any]:
    """A list's first page."""
    params = {name.rstrip("_"): str(value) for name, value in query.items()}
    items: list[Any] = exact(http.get(f"/api/v2/{resource}", params=params))[resource]
    return items


D = Decimal
