from __future__ import annotations

import json
from datetime import timedelta
from decimal import ROUND_UP, Context, Decimal, Inexact, localcontext
from typing import Any

import pytest

from keito.billing import Cap, Contract, CostExpense
from keito.billing.contract import CHARGED, STATUSES, read_contract


def test_only_work_that_was_done_is_charged() -> None:
    charged = {status for status in STATUSES if Contract().charges(status)}

    assert charged == CHARGED == {"ok", "interrupted", "closed_early"}


def test_a_policy_changes_single_statuses() -> None:
    contract = Contract(policy={"ok": False, "error": True})

    assert contract.charges("error")
    assert not contract.charges("ok")
    assert contract.charges("interrupted")


@pytest.mark.parametrize(
    ("contract", "time", "outcomes"),
    [
        (Contract(), True, False),
        (Contract(prices={"a": 1}), False, True),
        (Contract(charge="outcomes"), False, True),
        (Contract(charge="both"), True, True),
        (Contract(charge="time", prices={"a": 1}), True, False),
    ],
)
def test_what_is_charged_follows_from_the_price_list_unless_said(
    contract: Contract, time: bool, outcomes: bool
) -> None:
    assert (contract.charges_time, contract.charges_outcomes) == (time, outcomes)


def test_it_is_read_back_as_it_was_written() -> None:
    contract = Contract(
        charge="both",
        prices={"b": "0.99", "a": 1},
        policy={"error": True},
        max_hours_per_run="1.5",
        time_basis="active",
        time_zone="Europe/Berlin",
        generators="open",
        share_cost=False,
        increment=timedelta(minutes=6),
        minimum=timedelta(seconds=90, microseconds=500),
        rounded_per="day",
        children="separate",
        caps={"b": Cap(quantity=3), "a": Cap(per_day=10)},
        cost_expense=CostExpense(
            category_id="cat", markup="0.2", currency="EUR", rate="0.92", billable=False, notes="n"
        ),
    )

    again = read_contract(contract.text())

    assert again.increment == timedelta(minutes=6)
    assert again.minimum == timedelta(seconds=90, microseconds=500)
    assert again.caps == contract.caps
    assert again.cost_expense == contract.cost_expense
    assert again.text() == contract.text()
    assert again.id == contract.id
    assert again.price("b") == Decimal("0.99")


def test_equal_contracts_share_their_id() -> None:
    assert Contract(prices={"a": 1, "b": 2}).id == Contract(prices={"b": "2", "a": "1"}).id
    assert Contract().id != Contract(charge="both").id


def test_what_is_not_used_leaves_the_id_as_it_was() -> None:
    new = {"increment", "minimum", "rounded_per", "children", "caps", "cost_expense"}

    assert not new & set(json.loads(Contract().text()))
    assert Contract(rounded_per="day").id == Contract().id


def test_a_contract_that_an_earlier_version_stored_is_read() -> None:
    stored = (
        '{"charge":"both","prices":{"a":"0.99"},"policy":{"error":true},"max_hours_per_run":"8",'
        '"time_basis":"active","time_zone":"Europe/Berlin","generators":"open","share_cost":false}'
    )

    contract = read_contract(stored)

    assert contract.text() == stored
    assert (contract.increment, contract.children, contract.caps) == (None, "folded", {})


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (timedelta(days=1), "86400"),
        (timedelta(minutes=6), "360"),
        (timedelta(microseconds=500_000), "0.5"),
        (timedelta(microseconds=1), "0.000001"),
    ],
)
def test_lengths_of_time_are_stored_as_exact_seconds(time: timedelta, text: str) -> None:
    contract = Contract(increment=time)

    assert json.loads(contract.text())["increment"] == text
    assert read_contract(contract.text()).increment == time


def test_a_host_that_calculates_with_few_digits_changes_no_check() -> None:
    with localcontext(Context(prec=3, rounding=ROUND_UP, traps=[Inexact])):
        contract = Contract(max_hours_per_run="1.2345", minimum=timedelta(seconds=4444))

    assert contract.minimum == timedelta(seconds=4444)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({}, ValueError),
        ({"quantity": -1}, ValueError),
        ({"per_day": True}, TypeError),
        ({"per_day": 1.5}, TypeError),
    ],
)
def test_a_cap_that_caps_nothing_countable_fails_where_it_is_made(
    settings: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Cap(**settings)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"category_id": ""}, TypeError),
        ({"markup": 0.2}, TypeError),
        ({"markup": "-0.1"}, ValueError),
        ({"currency": "eur", "rate": 1}, ValueError),
        ({"currency": "EUR"}, ValueError),
        ({"currency": "EUR", "rate": 0}, ValueError),
        ({"rate": "1.1"}, ValueError),
        ({"billable": "yes"}, TypeError),
        ({"notes": None}, TypeError),
    ],
)
def test_a_cost_expense_that_makes_no_sense_fails_where_it_is_made(
    settings: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        CostExpense(**{"category_id": "cat", **settings})


def test_a_dollar_needs_no_rate() -> None:
    assert CostExpense(category_id="cat").factor == 1
    assert CostExpense(category_id="cat", currency="EUR", rate="0.92").factor == Decimal("0.92")


def test_the_time_zone_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEITO_TIMEZONE", "Europe/Berlin")

    assert Contract().time_zone == "Europe/Berlin"


@pytest.mark.parametrize("name", ["Europe/Nowhere", "Europe", "../etc", "\udcff"])
def test_a_time_zone_of_the_environment_that_there_is_not_is_said_and_is_utc(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    monkeypatch.setenv("KEITO_TIMEZONE", name)

    assert Contract().time_zone == Contract().time_zone == "UTC"
    assert caplog.text.count("KEITO_TIMEZONE names no time zone") == 1


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"charge": "tokens"}, ValueError),
        ({"policy": {"done": True}}, ValueError),
        ({"time_zone": "Europe/Nowhere"}, ValueError),
        ({"prices": {"a": 0.99}}, TypeError),
        ({"prices": {"a": "-1"}}, ValueError),
        ({"prices": {"a": "NaN"}}, ValueError),
        ({"prices": {"a": "one"}}, ValueError),
        ({"max_hours_per_run": 8.5}, TypeError),
        ({"increment": 6}, TypeError),
        ({"increment": timedelta(0)}, ValueError),
        ({"minimum": timedelta(hours=-1)}, ValueError),
        ({"minimum": timedelta(hours=25), "rounded_per": "day"}, ValueError),
        ({"minimum": timedelta(hours=2), "max_hours_per_run": 1}, ValueError),
        ({"rounded_per": "week"}, ValueError),
        ({"children": "apart"}, ValueError),
        ({"caps": {"a": 3}}, TypeError),
        ({"cost_expense": "cat"}, TypeError),
    ],
)
def test_a_contract_that_makes_no_sense_fails_where_it_is_made(
    settings: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Contract(**settings)
