"""Expenses: created with a cost or with units, listed, never changed."""

from __future__ import annotations

import pytest

from tests.sandbox.http import D, Http, created, error, exact, expense, listed

PATH = "/api/v2/expenses"


def test_a_created_expense_has_every_documented_field(admin: Http) -> None:
    made = created(admin, PATH, expense(notes="Tokens", source="agent", metadata={"a": 1}))

    assert set(made) == {
        "id", "user_id", "project_id", "expense_category_id", "user", "project",
        "expense_category", "spent_date", "total_cost", "units", "notes", "billable",
        "receipt_file_name", "receipt_content_type", "receipt_url", "is_locked", "is_billed",
        "approval_status", "source", "metadata", "created_at", "updated_at",
    }  # fmt: skip
    assert made["expense_category"] == {"id": "cat_llm_usage", "name": "LLM Usage"}
    assert (made["total_cost"], made["units"], made["billable"]) == (D("0.37"), None, True)


def test_units_of_a_priced_category_give_the_cost(admin: Http) -> None:
    body = expense(units=37)
    del body["total_cost"]

    made = created(admin, PATH, body)

    assert (made["total_cost"], made["units"]) == (D("0.37"), 37)


def test_a_given_cost_wins_over_units(admin: Http) -> None:
    made = created(admin, PATH, expense(total_cost=5, units=37))

    assert (made["total_cost"], made["units"]) == (5, 37)


def test_units_of_a_category_without_a_price_break_a_rule(admin: Http) -> None:
    body = expense(units=3, expense_category_id="cat_hosting")
    del body["total_cost"]

    assert error(admin.post(PATH, json=body)) == (422, "unprocessable entity")


def test_a_cost_or_units_are_required(admin: Http) -> None:
    body = expense()
    del body["total_cost"]

    assert error(admin.post(PATH, json=body)) == (400, "bad request")


@pytest.mark.parametrize(
    "wrong",
    [
        {"units": 0},
        {"units": 1.5},
        {"total_cost": -0.01},
        {"total_cost": "1"},
        {"source": "calendar"},
        {"spent_date": "soon"},
    ],
)
def test_a_field_of_another_form_is_refused(admin: Http, wrong: dict[str, object]) -> None:
    assert error(admin.post(PATH, json=expense(**wrong))) == (400, "bad request")


@pytest.mark.parametrize(
    "unknown", [{"project_id": "prj_none"}, {"expense_category_id": "cat_none"}]
)
def test_an_unknown_project_or_category_is_not_found(
    admin: Http, unknown: dict[str, object]
) -> None:
    assert error(admin.post(PATH, json=expense(**unknown))) == (404, "not found")


def test_nothing_is_billable_on_an_unbilled_project(admin: Http) -> None:
    made = created(admin, PATH, expense(project_id="prj_own", billable=True))

    assert made["billable"] is False


@pytest.mark.parametrize(
    ("query", "other"),
    [
        ({"project_id": "prj_acme_support"}, {"project_id": "prj_own"}),
        ({"client_id": "cli_acme"}, {"project_id": "prj_own"}),
        ({"source": "agent"}, {"source": "web"}),
        ({"from": "2026-03-02"}, {"spent_date": "2026-03-01"}),
        ({"to": "2026-03-02"}, {"spent_date": "2026-03-03"}),
    ],
)
def test_a_list_can_be_narrowed(
    admin: Http, query: dict[str, str], other: dict[str, object]
) -> None:
    wanted = created(admin, PATH, expense(source="agent"))
    created(admin, PATH, expense(**{"source": "agent", **other}))

    found = exact(admin.get(PATH, params=query))["expenses"]

    assert [item["id"] for item in found] == [wanted["id"]]


def test_updated_since_finds_the_shown_time(admin: Http) -> None:
    made = created(admin, PATH, expense())

    assert listed(admin, "expenses", updated_since=made["updated_at"]) == [made]
    assert listed(admin, "expenses", updated_since="2999-01-01T00:00:00Z") == []


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/exp_1"), ("DELETE", "/exp_1")])
def test_the_api_never_changes_an_expense(admin: Http, method: str, path: str) -> None:
    assert admin.request(method, PATH + path).status_code == 404
