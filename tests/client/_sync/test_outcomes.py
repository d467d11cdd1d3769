# Generated from tests/client/_async/test_outcomes.py: change that, then run `make fix`.
"""Outcomes and what an agent earns."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito import Keito, KeitoConfigError, KeitoInputError, OutcomeTypes, TimeEntry
from keito.types.agent_summary import AgentSummary, Summing
from tests.client.script import Script, answered, entry, listed

Connect = Callable[[Script], Keito]


def log(keito: Keito, **changed: object) -> TimeEntry:
    arguments: dict[str, Any] = {
        "project_id": "p_1",
        "task_id": "t_1",
        "outcome_type": OutcomeTypes.TICKET_RESOLVED,
        "description": "Resolved #4821",
        "unit_price": "0.99",
        "spent_date": "2026-03-05",
        "metadata": {"keito_key": "k_1", "agent_id": "support"},
        **changed,
    }
    return keito.outcomes.log(**arguments)


def test_an_outcome_is_a_time_entry_without_hours(keito_of: Connect) -> None:
    script = Script(answered())

    log(keito_of(script), evidence={"ticket_id": "TKT-4821"})

    assert str(script.requests[0].url).endswith("/api/v2/time_entries")
    assert script.body() == {
        "project_id": "p_1",
        "task_id": "t_1",
        "spent_date": "2026-03-05",
        "hours": 0,
        "notes": "Resolved #4821",
        "billable": True,
        "source": "agent",
        "metadata": {
            "keito_key": "k_1",
            "agent_id": "support",
            "outcome_type": "ticket_resolved",
            "outcome_unit_price": 0.99,
            "outcome_quantity": 1,
            "outcome_success": True,
            "outcome_evidence": {"ticket_id": "TKT-4821"},
        },
    }


def test_any_text_is_an_outcome_type(keito_of: Connect) -> None:
    script = Script(answered())

    log(keito_of(script), outcome_type="cat_rescued", success=False, notes="n")

    assert script.body()["metadata"]["outcome_type"] == "cat_rescued"
    assert script.body()["metadata"]["outcome_success"] is False
    assert script.body()["notes"] == "n"


def test_without_a_date_an_outcome_is_todays(
    keito_of: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script(answered(), answered())
    keito = keito_of(script)

    monkeypatch.setenv("KEITO_TIMEZONE", "Etc/GMT-14")
    log(keito, spent_date=None)
    monkeypatch.setenv("KEITO_TIMEZONE", "Etc/GMT+12")
    log(keito, spent_date=None)

    assert script.body(0)["spent_date"] > script.body(1)["spent_date"]


def test_an_unknown_time_zone_is_a_clear_error(
    keito_of: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEITO_TIMEZONE", "Mars/Olympus")

    with pytest.raises(KeitoConfigError, match="Mars/Olympus"):
        log(keito_of(Script()), spent_date=None)


@pytest.mark.parametrize(
    "wrong",
    [{"unit_price": "free"}, {"quantity": None}, {"success": 1}, {"outcome_type": ""}],
    ids=str,
)
def test_a_wrong_outcome_is_refused(keito_of: Connect, wrong: dict[str, object]) -> None:
    with pytest.raises(KeitoInputError):
        log(keito_of(Script()), **wrong)


def priced(price: object, **fields: object) -> dict[str, Any]:
    metadata = {"outcome_type": "t", "outcome_unit_price": price, "outcome_quantity": 1}
    return {
        "hours": 0,
        "billable": True,
        "metadata": {**metadata, "outcome_success": True},
        **fields,
    }


def summary_of(connect: Connect, *entries: dict[str, object]) -> AgentSummary:
    rows = [entry(id=f"te_{number}", **fields) for number, fields in enumerate(entries)]
    return connect(Script(listed(*rows))).reports.agent_summary(
        user_id="u_1", from_date="2026-03-01", to_date="2026-03-31"
    )


def test_only_successful_outcomes_earn(keito_of: Connect) -> None:
    failed = priced(0.99)
    failed["metadata"] = {**failed["metadata"], "outcome_success": False}

    summary = summary_of(keito_of, *[priced(0.99)] * 298, *[failed] * 14)

    assert summary.outcomes.total == 312
    assert summary.outcomes.successful == 298
    assert summary.outcomes.revenue == Decimal("295.02")
    assert summary.combined.total_revenue == Decimal("295.02")


def test_an_outcome_that_is_not_billable_earns_nothing(keito_of: Connect) -> None:
    summary = summary_of(keito_of, priced(5), priced(7, billable=False))

    assert summary.outcomes.successful == 2
    assert summary.outcomes.revenue == Decimal(5)


def test_hours_earn_their_rate_where_they_are_billable(keito_of: Connect) -> None:
    summary = summary_of(
        keito_of,
        {"hours": 1.5, "billable": True, "billable_rate": 100},
        {"hours": 2, "billable": False, "billable_rate": 100},
    )

    assert summary.time.total_hours == Decimal("3.5")
    assert summary.time.billable_hours == Decimal("1.5")
    assert summary.time.revenue == Decimal(150)


def test_an_entry_with_hours_and_an_outcome_counts_in_both_halves(
    keito_of: Connect,
) -> None:
    summary = summary_of(keito_of, priced(2, hours=1, billable_rate=10))

    assert summary.time.revenue == Decimal(10)
    assert summary.outcomes.revenue == Decimal(2)
    assert summary.combined.total_revenue == Decimal(12)


def test_a_missing_rate_makes_revenue_unknown_and_not_smaller(
    keito_of: Connect,
) -> None:
    summary = summary_of(
        keito_of,
        {"hours": 1, "billable": True, "billable_rate": 100},
        {"hours": 1, "billable": True, "billable_rate": None},
    )

    assert summary.time.revenue is None
    assert summary.time.without_rate == 1
    assert summary.combined.total_revenue is None
    assert summary.outcomes.revenue == Decimal(0)


def test_a_missing_price_makes_revenue_unknown(keito_of: Connect) -> None:
    summary = summary_of(keito_of, priced(None), priced(1))

    assert summary.outcomes.revenue is None
    assert summary.outcomes.without_price == 1


@pytest.mark.parametrize("price", ["1" + "0" * 3000, "1E+999999", "1E-999999"])
def test_a_price_that_is_no_amount_makes_revenue_unknown(keito_of: Connect, price: str) -> None:
    rows = [entry(**priced("PRICE")), entry(id="te_2", **priced(1))]
    body = json.dumps({"time_entries": rows, "total_pages": 1}).replace('"PRICE"', price)
    script = Script(httpx.Response(200, text=body))

    summary = keito_of(script).reports.agent_summary(
        user_id="u_1", from_date="2026-03-01", to_date="2026-03-31"
    )

    assert summary.outcomes.revenue is None
    assert summary.outcomes.without_price == 1


@given(st.lists(st.decimals("0", "24", places=6), max_size=30), st.randoms())
def test_the_sums_do_not_depend_on_the_order(hours: list[Decimal], chance: random.Random) -> None:
    ids: dict[str, Any] = {"id": "te", "user_id": "u", "project_id": "p", "task_id": "t"}
    rate = Decimal("33.333333333333333333333333")
    entries = [
        TimeEntry(**ids, hours=amount, billable=True, billable_rate=rate) for amount in hours
    ]
    one, other = Summing(), Summing()

    for found in entries:
        one.add(found)
    chance.shuffle(entries)
    for found in entries:
        other.add(found)

    assert one.total() == other.total()
