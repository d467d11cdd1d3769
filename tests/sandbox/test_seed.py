"""What a new sandbox holds, and how two of them can be the same."""

from __future__ import annotations

from typing import Any

import pytest

from keito.testing import LocalKeito, Role, sandbox
from tests.sandbox.http import Http, created, entry, exact, expense, invoice, listed, new_entry


@pytest.mark.parametrize(
    ("role", "user", "user_type", "roles"),
    [
        ("admin", "usr_ada", "human", ["admin"]),
        ("manager", "usr_max", "human", ["manager"]),
        ("member", "usr_mia", "human", ["member"]),
        ("agent", "usr_agent", "agent", ["agent"]),
        ("researcher", "usr_researcher", "agent", ["agent"]),
    ],
)
def test_each_role_has_a_key(
    local: LocalKeito, role: Role, user: str, user_type: str, roles: list[str]
) -> None:
    with Http(local, role) as http:
        me = exact(http.get("/api/v2/users/me"))

    assert (me["id"], me["user_type"], me["roles"]) == (user, user_type, roles)
    assert me["company"]["id"] == local.account_id


def test_the_named_records_take_work(local: LocalKeito, agent: Http) -> None:
    made = new_entry(agent, project_id=local.project_id, task_id=local.task_id)
    spent = created(agent, "/api/v2/expenses", expense())

    assert (made["billable"], made["billable_rate"]) == (True, 150)
    assert spent["expense_category"]["name"] == "LLM Usage"
    assert exact(agent.get(f"/api/v2/clients/{local.client_id}"))["currency"] == "USD"


def test_projects_are_billed_in_every_way(admin: Http) -> None:
    ways = {project["bill_by"] for project in listed(admin, "projects")}

    assert ways == {"Project", "People", "Tasks", "none"}


def test_only_active_projects_are_listed_unless_asked_for(admin: Http) -> None:
    active = {project["id"] for project in listed(admin, "projects")}
    archived = {project["id"] for project in listed(admin, "projects", is_active="false")}

    assert archived == {"prj_acme_2024"}
    assert not active & archived


def test_active_and_archived_tasks_can_be_told_apart(admin: Http) -> None:
    archived = [task["id"] for task in listed(admin, "tasks", is_active="false")]

    assert archived == ["tsk_retired"]
    assert "tsk_retired" not in [t["id"] for t in listed(admin, "tasks", is_active="true")]


def what_it_answers(**options: Any) -> list[bytes]:
    with sandbox(**options) as local, Http(local) as http:
        answers = [
            http.post("/api/v2/time_entries", json=entry()),
            http.post("/api/v2/time_entries", json=entry(is_running=True)),
            http.post("/api/v2/expenses", json=expense()),
            http.post("/api/v2/clients", json={"name": "New"}),
            http.post("/api/v2/invoices", json=invoice()),
            http.get("/api/v2/projects"),
        ]
        return [answer.content.replace(local.base_url.encode(), b"") for answer in answers]


def test_the_same_seed_gives_the_same_answers() -> None:
    assert what_it_answers(seed=7) == what_it_answers(seed=7)


def test_another_seed_gives_other_ids() -> None:
    assert what_it_answers(seed=7)[0] != what_it_answers(seed=8)[0]


def test_without_a_seed_no_two_sandboxes_give_the_same_id() -> None:
    assert what_it_answers()[0] != what_it_answers()[0]
