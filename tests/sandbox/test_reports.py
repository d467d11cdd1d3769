"""The team time report."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from tests.sandbox.http import D, Http, error, exact, new_entry

PATH = "/api/v2/reports/time/team"
MARCH = {"from": "20260301", "to": "20260331"}


def test_a_persons_hours_and_money_are_added_up(manager: Http, agent: Http) -> None:
    new_entry(agent, hours=1.5)
    new_entry(agent, hours=0.25, billable=False)

    report = exact(manager.get(PATH, params=MARCH))

    assert report["results"] == [
        {
            "user_id": "usr_agent",
            "user_name": "Support Agent",
            "is_contractor": False,
            "weekly_capacity": 144_000,
            "avatar_url": None,
            "total_hours": D("1.75"),
            "billable_hours": D("1.5"),
            "currency": "USD",
            "billable_amount": D("225.00"),
        }
    ]


def test_the_first_and_the_last_day_belong_to_the_period(manager: Http) -> None:
    for day in ("2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01"):
        new_entry(manager, spent_date=day, hours=1)

    assert exact(manager.get(PATH, params=MARCH))["results"][0]["total_hours"] == 2


def test_amounts_in_two_currencies_are_two_rows(manager: Http) -> None:
    new_entry(manager, hours=1)
    new_entry(manager, hours=1, project_id="prj_globex_onboarding")

    rows = exact(manager.get(PATH, params=MARCH))["results"]

    assert [(row["currency"], row["billable_amount"]) for row in rows] == [
        ("EUR", 75),
        ("USD", 150),
    ]


def test_sums_are_exact_in_any_order(manager: Http) -> None:
    hours = [Decimal(n) / 1_000_000 for n in (100_000, 200_000, 333_333, 1, 999_999)]
    random.Random(3).shuffle(hours)
    for share in hours:
        new_entry(manager, hours=float(share))

    row = exact(manager.get(PATH, params=MARCH))["results"][0]

    assert row["total_hours"] == sum(hours)
    assert row["billable_amount"] == (sum(hours, Decimal(0)) * 150).quantize(D("0.01"))


def test_365_days_are_the_longest_period(manager: Http) -> None:
    longest = {"from": "20260101", "to": "20270101"}
    too_long = {"from": "20260101", "to": "20270102"}

    assert manager.get(PATH, params=longest).status_code == 200
    assert error(manager.get(PATH, params=too_long)) == (400, "bad request")


@pytest.mark.parametrize(
    "period",
    [
        {},
        {"from": "20260301"},
        {"from": "2026-03-01", "to": "2026-03-31"},
        {"from": "20260230", "to": "20260301"},
        {"from": "20260301", "to": "20260228"},
    ],
)
def test_a_period_of_another_form_is_refused(manager: Http, period: dict[str, str]) -> None:
    assert error(manager.get(PATH, params=period)) == (400, "bad request")


def test_the_report_comes_in_pages(manager: Http, agent: Http) -> None:
    new_entry(manager)
    new_entry(agent)

    page = exact(manager.get(PATH, params={**MARCH, "per_page": "1", "page": "2"}))

    assert [row["user_id"] for row in page["results"]] == ["usr_max"]
    assert (page["total_entries"], page["total_pages"]) == (2, 2)
