"""Money and hours are exact: no digit changes on the way through."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keito import _json
from tests.sandbox.http import Http, entry, error, expense

JSON = {"Content-Type": "application/json"}


def with_number(body: dict[str, object], field: str, digits: str) -> bytes:
    """The body with a number of just these digits, which `json` would round."""
    return json.dumps({**body, field: "@"}).replace('"@"', digits).encode()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.decimals(min_value=0, max_value=24, allow_nan=False, places=20))
def test_hours_keep_their_digits(admin: Http, hours: Decimal) -> None:
    body = with_number(entry(), "hours", format(hours, "f"))

    response = admin.post("/api/v2/time_entries", content=body, headers=JSON)

    answered = _json.loads(response.content)
    assert isinstance(answered, dict)
    assert answered["hours"] == hours


def test_a_cost_with_more_digits_than_a_float_has_keeps_them(admin: Http) -> None:
    body = with_number(expense(), "total_cost", "123456789012.12345678")

    response = admin.post("/api/v2/expenses", content=body, headers=JSON)

    assert b'"total_cost":123456789012.12345678,' in response.content


@pytest.mark.parametrize("digits", ["1e15", "1e999999999", "1e99999999999999999999", "1e-400"])
def test_a_number_out_of_range_is_refused(admin: Http, digits: str) -> None:
    body = with_number(expense(), "total_cost", digits)

    assert error(admin.post("/api/v2/expenses", content=body, headers=JSON))[0] == 400


def test_a_list_shows_the_same_digits(admin: Http) -> None:
    body = with_number(entry(), "hours", "0.100000000000000005")
    admin.post("/api/v2/time_entries", content=body, headers=JSON)

    assert b'"hours":0.100000000000000005,' in admin.get("/api/v2/time_entries").content
