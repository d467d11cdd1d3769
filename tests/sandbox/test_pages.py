"""The envelope around every list."""

from __future__ import annotations

import httpx
import pytest

from keito.testing import LocalKeito
from tests.sandbox.http import Http, created, error, exact, invoice

LISTS = {
    "/api/v2/time_entries": "time_entries",
    "/api/v2/expenses": "expenses",
    "/api/v2/projects": "projects",
    "/api/v2/clients": "clients",
    "/api/v2/contacts": "contacts",
    "/api/v2/tasks": "tasks",
    "/api/v2/invoices": "invoices",
    "/api/v2/reports/time/team?from=20260101&to=20261231": "results",
}


@pytest.mark.parametrize(("path", "name"), LISTS.items())
def test_every_list_has_the_envelope(admin: Http, path: str, name: str) -> None:
    page = exact(admin.get(path))

    assert set(page) == {name, "per_page", "total_pages", "total_entries", "page", "links"}
    assert set(page["links"]) == {"first", "next", "previous", "last"}
    assert (page["page"], page["per_page"]) == (1, 100)
    assert page["total_entries"] == len(page[name])


def test_the_messages_of_an_invoice_have_it_too(admin: Http) -> None:
    made = created(admin, "/api/v2/invoices", invoice())

    page = exact(admin.get(f"/api/v2/invoices/{made['id']}/messages"))

    assert (page["invoice_messages"], page["total_entries"], page["total_pages"]) == ([], 0, 1)


def test_the_links_lead_through_all_pages_and_keep_the_filters(
    local: LocalKeito, admin: Http
) -> None:
    local.fill(25)
    url = httpx.URL("/api/v2/time_entries", params={"per_page": 10, "source": "agent"})
    page = exact(admin.get(url))
    seen = [item["id"] for item in page["time_entries"]]

    while page["links"]["next"]:
        page = exact(admin.get(page["links"]["next"]))
        seen += [item["id"] for item in page["time_entries"]]

    assert len(set(seen)) == len(seen) == 25
    assert (page["page"], page["total_pages"], page["total_entries"]) == (3, 3, 25)
    assert "source=agent" in page["links"]["first"]
    assert exact(admin.get(page["links"]["previous"]))["page"] == 2
    assert exact(admin.get(page["links"]["last"]))["page"] == 3


def test_the_first_page_has_nothing_before_it(local: LocalKeito, admin: Http) -> None:
    local.fill(3)

    links = exact(admin.get("/api/v2/time_entries?per_page=2"))["links"]

    assert links["previous"] is None
    assert links["next"].startswith(local.base_url)


def test_a_page_after_the_last_is_empty(local: LocalKeito, admin: Http) -> None:
    local.fill(3)

    page = exact(admin.get("/api/v2/time_entries?page=9&per_page=2"))

    assert (page["time_entries"], page["links"]["next"]) == ([], None)
    assert exact(admin.get(page["links"]["previous"]))["page"] == 2


@pytest.mark.parametrize("query", ["per_page=0", "per_page=2001", "page=0", "page=x", "per_page="])
def test_page_numbers_outside_the_range_are_refused(admin: Http, query: str) -> None:
    assert error(admin.get(f"/api/v2/time_entries?{query}")) == (400, "bad request")


def test_a_page_has_up_to_2000_entries(local: LocalKeito, admin: Http) -> None:
    local.fill(2001)

    page = exact(admin.get("/api/v2/time_entries?per_page=2000"))

    assert (len(page["time_entries"]), page["total_pages"]) == (2000, 2)
