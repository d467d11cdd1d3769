"""Clients and contacts."""

from __future__ import annotations

import pytest

from tests.sandbox.http import Http, created, error, exact, invoice, listed

CLIENTS = "/api/v2/clients"
CONTACTS = "/api/v2/contacts"


def test_a_new_client_has_the_companys_currency_and_terms(admin: Http) -> None:
    made = created(admin, CLIENTS, {"name": "New"})

    assert set(made) == {
        "id", "name", "address", "currency", "is_active", "payment_terms", "payment_days", "tax",
        "tax2", "discount", "statement_key", "created_at", "updated_at",
    }  # fmt: skip
    assert (made["currency"], made["is_active"]) == ("USD", True)
    assert (made["payment_terms"], made["payment_days"]) == ("net_30", 30)
    assert exact(admin.get(f"{CLIENTS}/{made['id']}")) == made


def test_every_field_of_a_client_can_be_given(admin: Http) -> None:
    fields = {
        "name": "New",
        "address": "1 Street",
        "currency": "EUR",
        "payment_terms": "custom",
        "payment_days": 10,
        "tax": 19,
        "tax2": 1,
        "discount": 5,
        "is_active": False,
    }

    made = created(admin, CLIENTS, fields)

    assert {name: made[name] for name in fields} == fields


def test_a_client_changes_in_the_fields_that_are_sent(admin: Http) -> None:
    made = created(admin, CLIENTS, {"name": "New", "address": "1 Street"})

    changed = exact(admin.patch(f"{CLIENTS}/{made['id']}", json={"currency": "EUR"}))

    assert changed == {**made, "currency": "EUR", "updated_at": changed["updated_at"]}


def test_a_clients_new_name_is_shown_wherever_it_is_named(admin: Http) -> None:
    made = created(admin, "/api/v2/invoices", invoice())

    admin.patch(f"{CLIENTS}/cli_acme", json={"name": "Acme Ltd"})

    shown = {"id": "cli_acme", "name": "Acme Ltd"}
    assert listed(admin, "projects", client_id="cli_acme")[0]["client"] == shown
    assert listed(admin, "contacts", client_id="cli_acme")[0]["client"] == shown
    assert exact(admin.get(f"/api/v2/invoices/{made['id']}"))["client"] == shown


@pytest.mark.parametrize(
    "wrong",
    [{}, {"name": None}, {"name": "New", "currency": "dollars"}, {"name": "N", "tax": "1"}],
)
def test_a_client_of_another_form_is_refused(admin: Http, wrong: dict[str, object]) -> None:
    assert error(admin.post(CLIENTS, json=wrong)) == (400, "bad request")


def test_an_unknown_client_is_not_found(admin: Http) -> None:
    assert error(admin.get(f"{CLIENTS}/cli_none")) == (404, "not found")
    assert error(admin.patch(f"{CLIENTS}/cli_none", json={"name": "N"})) == (404, "not found")


def test_active_and_inactive_clients_can_be_told_apart(admin: Http) -> None:
    active = {item["id"] for item in listed(admin, "clients", is_active="true")}
    inactive = {item["id"] for item in listed(admin, "clients", is_active="false")}

    assert "cli_acme" in active
    assert inactive == {"cli_initech"}
    assert len(listed(admin, "clients")) == len(active | inactive)


def test_a_new_contact_belongs_to_its_client(admin: Http) -> None:
    fields = {
        "client_id": "cli_globex",
        "first_name": "Kim",
        "last_name": "Ode",
        "title": "CFO",
        "email": "kim@globex.example",
        "phone_office": "1",
        "phone_mobile": "2",
        "fax": "3",
    }

    made = created(admin, CONTACTS, fields)

    client = fields.pop("client_id")
    assert made["client"] == {"id": client, "name": "Globex GmbH"}
    assert {name: made[name] for name in fields} == fields
    assert made in listed(admin, "contacts", client_id="cli_globex")
    assert made not in listed(admin, "contacts", client_id="cli_acme")


def test_a_contact_needs_a_client_that_exists(admin: Http) -> None:
    assert error(admin.post(CONTACTS, json={"first_name": "Kim"})) == (400, "bad request")
    unknown = {"client_id": "cli_none", "first_name": "Kim"}
    assert error(admin.post(CONTACTS, json=unknown)) == (404, "not found")


@pytest.mark.parametrize("resource", ["clients", "contacts", "tasks", "projects"])
def test_every_list_can_be_limited_to_what_changed(admin: Http, resource: str) -> None:
    everything = listed(admin, resource)

    assert everything
    assert listed(admin, resource, updated_since="2020-01-01T00:00:00Z") == everything
    assert listed(admin, resource, updated_since="2999-01-01T00:00:00Z") == []
