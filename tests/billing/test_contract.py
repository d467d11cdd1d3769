from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from keito.billing import Contract
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
    )

    again = read_contract(contract.text())

    assert again.text() == contract.text()
    assert again.id == contract.id
    assert again.price("b") == Decimal("0.99")


def test_equal_contracts_share_their_id() -> None:
    assert Contract(prices={"a": 1, "b": 2}).id == Contract(prices={"b": "2", "a": "1"}).id
    assert Contract().id != Contract(charge="both").id


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
    ],
)
def test_a_contract_that_makes_no_sense_fails_where_it_is_made(
    settings: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Contract(**settings)
