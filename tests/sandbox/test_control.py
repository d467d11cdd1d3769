"""The control API: what only a sandbox can do, from this machine only."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from keito.sandbox import Sandbox
from keito.testing import LocalKeito
from tests.sandbox.http import Http, created, exact, invoice, new_entry


def control(local: LocalKeito, method: str, path: str, body: object = None) -> httpx.Response:
    return httpx.request(method, f"{local.base_url}/_sandbox{path}", json=body)


def answered(local: LocalKeito, method: str, path: str, body: object = None) -> Any:
    return exact(control(local, method, path, body))


def test_the_overview_names_the_keys_and_counts_the_records(local: LocalKeito) -> None:
    overview = answered(local, "GET", "")

    assert overview["keys"]["agent"] == "kto_sandbox_agent"
    assert (overview["project_id"], overview["task_id"]) == (local.project_id, local.task_id)
    assert overview["counts"]["time_entries"] == 0
    assert overview["counts"]["users"] == 5


@pytest.mark.parametrize(
    ("verb", "done", "flag"),
    [
        ("approve", "approved", "is_closed"),
        ("lock", "locked", "is_locked"),
        ("bill", "billed", "is_billed"),
    ],
)
def test_entries_are_marked(
    local: LocalKeito, admin: Http, verb: str, done: str, flag: str
) -> None:
    made = new_entry(admin)["id"]

    assert answered(local, "POST", f"/{verb}", {"ids": [made]}) == {done: [made]}
    assert local.entries()[0][flag] is True


def test_marking_an_unknown_entry_marks_nothing(local: LocalKeito, admin: Http) -> None:
    made = new_entry(admin)["id"]

    refused = control(local, "POST", "/lock", {"ids": [made, "ent_none"]})

    assert refused.status_code == 404
    assert local.entries()[0]["is_locked"] is False


def test_stored_records_can_be_read(local: LocalKeito, admin: Http) -> None:
    made = new_entry(admin)

    assert answered(local, "GET", "/records/time_entries")["time_entries"] == [made]
    assert len(answered(local, "GET", "/records/expense_categories")["expense_categories"]) == 4
    assert control(local, "GET", "/records/nothing").status_code == 404


def test_faults_are_put_in_place_and_taken_away(local: LocalKeito, admin: Http) -> None:
    fault = {"kind": "error", "status": 502, "method": "GET", "times": 2, "committed": False}

    injected = answered(local, "POST", "/faults", fault)
    first = admin.get("/api/v2/tasks").status_code
    left = answered(local, "GET", "/faults")["faults"]
    cleared = answered(local, "DELETE", "/faults")

    assert injected == {**injected, **fault, "hits": 0}
    assert (first, left[0]["hits"], cleared) == (502, 1, {"cleared": 1})
    assert admin.get("/api/v2/tasks").status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/faults", {"kind": "earthquake"}),
        ("/faults", {"kind": "error", "status": 200}),
        ("/faults", {"kind": "error", "methd": "GET"}),
        ("/outage", {"seconds": 0}),
        ("/approve", {"ids": []}),
        ("/approve", {"id": "ent_1"}),
        ("/settings", {"error": "nested"}),
        ("/fill", {"entries": 0}),
    ],
)
def test_a_wish_of_another_form_is_refused(local: LocalKeito, path: str, body: object) -> None:
    assert control(local, "POST", path, body).status_code == 400


def test_settings_can_be_changed(local: LocalKeito, admin: Http) -> None:
    answered(local, "POST", "/settings", {"errors": "nested", "requests_per_minute": 1})
    admin.get("/api/v2/tasks")

    refused = admin.get("/api/v2/tasks")

    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"


def test_an_invoice_can_be_paid(local: LocalKeito, admin: Http) -> None:
    made = created(admin, "/api/v2/invoices", invoice())

    paid = answered(local, "PATCH", f"/invoices/{made['id']}", {"state": "paid"})

    assert (paid["state"], paid["due_amount"]) == ("paid", 0)
    assert control(local, "PATCH", "/invoices/inv_none", {"state": "paid"}).status_code == 404


def test_many_entries_can_be_added(local: LocalKeito) -> None:
    assert answered(local, "POST", "/fill", {"entries": 150}) == {"time_entries": 150}


def test_requests_are_noted_without_the_key(local: LocalKeito, admin: Http) -> None:
    admin.get("/api/v2/tasks", params={"is_active": "true"})

    response = control(local, "GET", "/requests")

    noted = response.json()["requests"][0]
    assert (noted["method"], noted["path"], noted["query"], noted["status"], noted["fault"]) == (
        "GET", "/api/v2/tasks", "is_active=true", 200, None,
    )  # fmt: skip
    assert "kto_" not in response.text
    control(local, "DELETE", "/requests")
    assert answered(local, "GET", "/requests") == {"requests": []}


def test_a_reset_takes_everything_back(local: LocalKeito, admin: Http) -> None:
    new_entry(admin)
    local.faults.error(500, times=None)
    local.answer_errors("nested")
    local.limit_requests(per_minute=1)

    answered(local, "POST", "/reset")

    assert (local.entries(), local.requests(), local.faults.all()) == ([], [], [])
    assert [admin.get("/api/v2/tasks").status_code for _ in range(3)] == [200] * 3
    assert admin.get("/api/v2/clients/none").json()["error"] == "not found"


def test_a_web_page_can_not_control_it(local: LocalKeito) -> None:
    response = httpx.post(
        f"{local.base_url}/_sandbox/reset", headers={"Origin": "https://elsewhere.example"}
    )

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("host", "status"), [("192.168.1.7", 403), ("127.0.0.1", 200), ("::1", 200)]
)
async def test_only_this_machine_can_control_it(host: str, status: int) -> None:
    transport = httpx.ASGITransport(Sandbox(), client=(host, 1234))

    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        response = await http.get("/_sandbox")

    assert response.status_code == status


async def test_an_outage_needs_a_server_that_can_be_interrupted() -> None:
    transport = httpx.ASGITransport(Sandbox())

    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        response = await http.post("/_sandbox/outage", json={"seconds": 1})

    assert response.status_code == 409
