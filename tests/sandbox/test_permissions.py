"""Who may do what."""

from __future__ import annotations

import pytest

from keito.testing import LocalKeito
from tests.sandbox.http import (
    Http,
    created,
    entry,
    error,
    exact,
    expense,
    invoice,
    listed,
    new_entry,
)

ENTRIES = "/api/v2/time_entries"


@pytest.mark.parametrize("role", ["agent", "member"])
def test_only_managers_record_work_for_others(
    request: pytest.FixtureRequest, manager: Http, role: str
) -> None:
    http: Http = request.getfixturevalue(role)

    assert error(http.post(ENTRIES, json=entry(user_id="usr_max"))) == (403, "forbidden")
    assert new_entry(manager, user_id="usr_mia")["user_id"] == "usr_mia"


def test_naming_oneself_is_not_recording_for_others(agent: Http) -> None:
    assert new_entry(agent, user_id="usr_agent")["user_id"] == "usr_agent"


def test_an_unknown_user_is_not_found(manager: Http) -> None:
    assert error(manager.post(ENTRIES, json=entry(user_id="usr_none"))) == (404, "not found")


def test_members_and_agents_see_their_own_work(admin: Http, agent: Http, member: Http) -> None:
    of_admin, of_agent = new_entry(admin)["id"], new_entry(agent)["id"]

    assert [item["id"] for item in listed(agent)] == [of_agent]
    assert listed(member) == []
    assert [item["id"] for item in listed(admin)] == [of_agent, of_admin]
    assert listed(agent, user_id="usr_ada") == []


def test_the_same_holds_for_expenses(admin: Http, agent: Http) -> None:
    created(admin, "/api/v2/expenses", expense())
    own = created(agent, "/api/v2/expenses", expense())

    assert [item["id"] for item in listed(agent, "expenses")] == [own["id"]]
    assert len(listed(admin, "expenses")) == 2


def test_members_and_agents_change_only_their_own_work(admin: Http, agent: Http) -> None:
    of_admin, of_agent = new_entry(admin)["id"], new_entry(agent)["id"]

    for verb in ("", "/stop", "/restart"):
        assert error(agent.patch(f"{ENTRIES}/{of_admin}{verb}", json={})) == (403, "forbidden")
    assert error(agent.delete(f"{ENTRIES}/{of_admin}")) == (403, "forbidden")
    assert exact(admin.patch(f"{ENTRIES}/{of_agent}", json={"hours": 4}))["hours"] == 4


@pytest.mark.parametrize("path", [ENTRIES, "/api/v2/expenses"])
def test_a_project_takes_only_work_of_those_assigned_to_it(
    admin: Http, agent: Http, path: str
) -> None:
    body = {**(entry() if path == ENTRIES else expense()), "project_id": "prj_globex_audit"}

    assert error(agent.post(path, json=body)) == (403, "project_not_assigned")
    assert admin.post(path, json=body).status_code == 200


def test_a_manager_can_not_record_work_for_someone_who_is_not_assigned(manager: Http) -> None:
    body = entry(project_id="prj_globex_audit", user_id="usr_agent")

    assert error(manager.post(ENTRIES, json=body)) == (403, "project_not_assigned")


def test_an_entry_can_not_be_moved_to_a_project_its_user_is_not_assigned_to(
    agent: Http, local: LocalKeito
) -> None:
    made = new_entry(agent)

    refused = agent.patch(f"{ENTRIES}/{made['id']}", json={"project_id": "prj_globex_audit"})

    assert error(refused) == (403, "project_not_assigned")
    assert local.entries()[0]["project_id"] == "prj_acme_support"


def test_members_and_agents_see_the_projects_they_are_assigned_to(admin: Http, agent: Http) -> None:
    everyone = {project["id"] for project in listed(admin, "projects")}
    own = {project["id"] for project in listed(agent, "projects")}

    assert everyone - own == {"prj_globex_audit"}


WRITES = [
    ("POST", "/api/v2/clients", {"name": "New"}),
    ("PATCH", "/api/v2/clients/cli_acme", {"name": "New"}),
    ("POST", "/api/v2/contacts", {"client_id": "cli_acme", "first_name": "Kim"}),
    ("POST", "/api/v2/invoices", invoice()),
    ("PATCH", "/api/v2/invoices/inv_any", {"subject": "New"}),
    ("DELETE", "/api/v2/invoices/inv_any", None),
    (
        "POST",
        "/api/v2/invoices/inv_any/messages",
        {"recipients": [{"name": "Jo", "email": "jo@acme.example"}]},
    ),
    ("GET", "/api/v2/reports/time/team?from=20260301&to=20260331", None),
]


@pytest.mark.parametrize("role", ["agent", "member"])
@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_managing_is_for_managers(
    request: pytest.FixtureRequest, role: str, method: str, path: str, body: object
) -> None:
    http: Http = request.getfixturevalue(role)

    assert error(http.request(method, path, json=body)) == (403, "forbidden")


@pytest.mark.parametrize(("method", "path", "body"), [w for w in WRITES if w[0] != "DELETE"])
def test_managers_may(manager: Http, method: str, path: str, body: object) -> None:
    made = created(manager, "/api/v2/invoices", invoice())

    response = manager.request(method, path.replace("inv_any", made["id"]), json=body)

    assert response.status_code == 200


def test_only_administrators_delete_invoices(admin: Http, manager: Http) -> None:
    made = created(manager, "/api/v2/invoices", invoice())

    assert error(manager.delete(f"/api/v2/invoices/{made['id']}")) == (403, "forbidden")
    assert admin.delete(f"/api/v2/invoices/{made['id']}").status_code == 200


def test_everyone_may_read_clients_contacts_tasks_and_invoices(agent: Http, admin: Http) -> None:
    made = created(admin, "/api/v2/invoices", invoice())

    for path in ("clients", "clients/cli_acme", "contacts", "tasks", f"invoices/{made['id']}"):
        assert agent.get(f"/api/v2/{path}").status_code == 200
