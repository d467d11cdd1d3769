"""`keito summary`: what agents did and earned."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import Any

import pytest

from keito import Keito, _json
from keito.billing import Contract, Usage
from tests.cli.conftest import World
from tests.cli.processes import in_terminal

COLOUR = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")
DAY = "2026-03-02"
DAYS = ("--month", "2026-03")


def log(world: World, **changed: Any) -> None:
    entry: dict[str, Any] = {
        "project_id": world.local.project_id,
        "task_id": world.local.task_id,
        "spent_date": DAY,
        "hours": "1.5",
        "billable": True,
        "source": "agent",
        "metadata": {"agent_id": "support"},
    }
    with Keito(**world.local.client_settings) as keito:
        keito.time_entries.create(**{**entry, **changed})


def spend(world: World, **changed: Any) -> None:
    expense: dict[str, Any] = {
        "project_id": world.local.project_id,
        "expense_category_id": "cat_llm_usage",
        "spent_date": DAY,
        "source": "agent",
        "metadata": {"agent_id": "support"},
    }
    with Keito(**world.local.client_settings) as keito:
        keito.expenses.create(**{**expense, **changed})


def rows(world: World, *words: str) -> list[dict[str, Any]]:
    answer = _json.loads(world.said("summary", *words, "--json"))
    assert isinstance(answer, dict)
    found: list[dict[str, Any]] = answer["rows"]
    return found


def test_hours_outcomes_revenue_and_cost_are_added_up(world: World) -> None:
    log(world, metadata={"agent_id": "support", "llm_calls": 2, "cost_usd": Decimal("0.25")})
    outcome = {"outcome_type": "t", "outcome_unit_price": 10, "outcome_success": True}
    log(world, hours=0, metadata={"agent_id": "support", **outcome})

    assert rows(world, *DAYS) == [
        {
            "client": "Acme Corporation",
            "project": "Support",
            "agent": "support",
            "hours": Decimal("1.5"),
            "billable_hours": Decimal("1.5"),
            "outcomes": 1,
            "outcomes_successful": 1,
            "currency": "USD",
            "revenue": Decimal("235"),
            "revenue_unknown": 0,
            "expenses": 0,
            "expenses_unbilled": 0,
            "expenses_unknown": 0,
            "llm_cost_usd": Decimal("0.25"),
            "llm_calls_unpriced": 0,
            "margin": Decimal("234.75"),
        }
    ]


def test_different_currencies_are_never_added_or_subtracted(world: World) -> None:
    log(world, metadata={"agent_id": "one", "llm_calls": 1, "cost_usd": 1})
    log(
        world,
        project_id="prj_globex_audit",
        metadata={"agent_id": "one", "llm_calls": 1, "cost_usd": 1},
    )

    (euros, dollars) = rows(world, *DAYS, "--by", "agent")

    assert (euros["currency"], euros["revenue"], euros["margin"]) == ("EUR", 300, None)
    assert (dollars["currency"], dollars["revenue"], dollars["margin"]) == ("USD", 225, 224)


def test_what_is_not_known_is_not_nothing(world: World) -> None:
    log(world, hours=0, metadata={"agent_id": "a", "outcome_type": "t", "outcome_success": True})
    log(world, metadata={"agent_id": "b", "llm_calls": 3})

    (unknown_price, unknown_cost) = rows(world, *DAYS)

    assert (unknown_price["revenue"], unknown_price["revenue_unknown"]) == (None, 1)
    assert (unknown_cost["llm_cost_usd"], unknown_cost["llm_calls_unpriced"]) == (None, 3)
    assert unknown_cost["margin"] is None


def test_a_cost_that_keito_was_not_told_is_known_here(world: World) -> None:
    world.record(contract=Contract(charge="both", share_cost=False))
    world.said("outbox", "flush")

    (row,) = rows(world)

    assert "cost_usd" not in world.local.entries()[0]["metadata"]
    assert (row["llm_cost_usd"], row["llm_calls_unpriced"]) == (Decimal("0.00036"), 0)


def test_only_agents_work_in_the_period_counts(world: World) -> None:
    log(world)
    log(world, spent_date="2026-02-28")
    log(world, source="web")

    assert [row["hours"] for row in rows(world, *DAYS)] == [Decimal("1.5")]
    assert rows(world, "--from", "2026-01-01", "--to", "2026-01-31") == []


def test_work_can_be_added_up_by_client(world: World) -> None:
    log(world)
    log(world, project_id="prj_acme_research", metadata={"agent_id": "other"})

    (row,) = rows(world, *DAYS, "--by", "client")

    assert (row["client"], row["project"], row["agent"]) == ("Acme Corporation", "", "")
    assert row["hours"] == 3


def test_csv_has_a_line_per_row_and_no_formula(world: World) -> None:
    log(world, metadata={"agent_id": "=1+1"})

    (line,) = csv.DictReader(io.StringIO(world.said("summary", *DAYS, "--csv")))

    assert (line["agent"], line["hours"], line["revenue"]) == ("'=1+1", "1.5", "225.0")


def test_an_agents_key_sees_its_own_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEITO_API_KEY", world.local.key("agent"))
    recorder = world.recorder(api_key=world.local.key("agent"))
    with recorder.run("mine") as run:
        run.model_call(Usage(model="unheard-of", input_tokens=1, output_tokens=1), key="call")
    recorder.close()
    world.said("outbox", "flush")

    (row,) = rows(world)

    assert (row["agent"], row["llm_cost_usd"], row["llm_calls_unpriced"]) == ("mine", None, 1)


def test_a_table_is_plain_without_a_terminal(world: World) -> None:
    log(world, metadata={"agent_id": "b", "llm_calls": 3})

    result = world.keito("summary", *DAYS)

    assert result.stdout.splitlines() == [
        "client            project  agent  hours  billable  outcomes     revenue  LLM USD",
        "Acme Corporation  Support  b      1.500     1.500         0  USD 225.00        ?",
    ]
    assert result.stderr.startswith("? is not known")


def test_a_table_fits_a_narrow_terminal(world: World) -> None:
    log(world, metadata={"agent_id": "an agent with a name that is much too long for a column"})

    code, shown = in_terminal("summary", *DAYS, env=world.env, columns=80)

    assert code == 0
    assert "USD 225.00" in shown
    assert "an agent with a name that is much too long for a" in shown
    assert max(map(len, COLOUR.sub("", shown).splitlines()[-3:])) <= 80


def test_expenses_are_billed_beside_the_revenue_and_never_in_it(world: World) -> None:
    log(world)
    spend(world, total_cost="12.40", billable=True)
    spend(world, total_cost="3", billable=False)

    (row,) = rows(world, *DAYS, "--by", "project")
    table = world.said("summary", *DAYS, "--by", "project")

    assert (row["revenue"], row["expenses"], row["expenses_unbilled"]) == (225, Decimal("12.4"), 3)
    assert table.splitlines()[1].split()[-5:] == ["USD", "225.00", "USD", "12.40", "0.0000"]


def test_expenses_in_different_currencies_stay_apart(world: World) -> None:
    spend(world, total_cost=1, billable=True)
    spend(world, total_cost=2, billable=True, project_id="prj_globex_audit")

    found = rows(world, *DAYS, "--by", "client")

    assert [(row["currency"], row["expenses"]) for row in found] == [("USD", 1), ("EUR", 2)]


@pytest.mark.parametrize(
    "words",
    [
        ["--month", "March"],
        ["--month", "2026-13"],
        ["--month", "2026-03", "--from", DAY],
        ["--from", "yesterday"],
        ["--from", "2026-03-02", "--to", "2026-03-01"],
    ],
)
def test_days_that_are_none_are_refused(world: World, words: list[str]) -> None:
    assert world.keito("summary", *words).exit_code == 2
