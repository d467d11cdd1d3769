"""`keito export`: a month's work, for the invoice or for another program."""

from __future__ import annotations

import csv
import io
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from keito import _json
from tests.cli.conftest import World
from tests.cli.processes import in_terminal
from tests.sandbox.http import Http, created, expense, new_entry

MARCH = ("--month", "2026-03")


@pytest.fixture
def march(world: World) -> World:
    with Http(world.local) as http:
        new_entry(
            http, source="agent", notes="=cmd()", metadata={"agent_id": "support", "cost_usd": 0.1}
        )
        new_entry(http, source="agent", project_id="prj_globex_audit", spent_date="2026-03-31")
        new_entry(http, source="agent", spent_date="2026-04-01")
        new_entry(http)
        created(http, "/api/v2/expenses", expense(source="agent"))
    return world


def lines(world: World, *words: str) -> list[dict[str, Any]]:
    found: list[Any] = [_json.loads(line) for line in world.said("export", *words).splitlines()]
    return found


def test_each_entry_and_expense_is_a_line(march: World) -> None:
    second, first, third = lines(march, *MARCH)

    assert (first["type"], first["client"], first["currency"]) == (
        "time_entry", "Acme Corporation", "USD",
    )  # fmt: skip
    assert (first["hours"], first["amount"]) == (Decimal("1.5"), Decimal("225"))
    assert first["metadata"]["agent_id"] == "support"
    assert (second["currency"], second["amount"]) == ("EUR", Decimal("300"))
    assert (third["type"], third["amount"]) == ("expense", Decimal("0.37"))


def test_everyones_work_can_be_exported(march: World) -> None:
    assert len(lines(march, *MARCH, "--of", "everyone")) == 4


def test_csv_has_a_row_each_and_no_formula(march: World) -> None:
    (_, *rows) = list(csv.DictReader(io.StringIO(march.said("export", *MARCH, "--format", "csv"))))

    assert [row["type"] for row in rows] == ["time_entry", "expense"]
    assert (rows[0]["notes"], rows[0]["agent"], rows[0]["llm_cost_usd"]) == (
        "'=cmd()", "support", "0.1",
    )  # fmt: skip
    assert (rows[0]["project"], rows[0]["billable"]) == ("Support", "true")
    assert rows[1]["expense_category"] == "LLM Usage"


def test_a_file_is_written_whole(march: World, tmp_path: Path) -> None:
    file = tmp_path / "march.jsonl"

    answer = march.read("export", *MARCH, "--out", str(file))

    assert (answer["written"], len(file.read_text().splitlines())) == (3, 3)
    assert list(tmp_path.glob(".*")) == []


def test_a_file_is_left_as_it_was_when_keito_fails(march: World, tmp_path: Path) -> None:
    file = tmp_path / "march.jsonl"
    file.write_text("before")
    march.local.faults.error(403, path="/api/v2/expenses", committed=False, times=None)

    march.refused("export", *MARCH, "--out", str(file))

    assert file.read_text() == "before"
    assert list(tmp_path.glob(".*")) == []


def test_json_needs_a_file(world: World) -> None:
    assert world.keito("export", "--json").exit_code == 2


def test_a_terminal_shows_that_it_goes_on(march: World, tmp_path: Path) -> None:
    file = str(tmp_path / "march.csv")

    code, shown = in_terminal("export", *MARCH, "--out", file, env=march.env, columns=120)

    assert code == 0
    assert "exporting 2026-03-01 to 2026-03-31" in shown
    assert "3 written" in shown


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminals")
def test_what_a_terminal_sends_to_a_file_is_all_there(march: World, tmp_path: Path) -> None:
    file = tmp_path / "march.jsonl"

    code, shown = in_terminal("export", *MARCH, env=march.env, into=file)

    assert (code, "3 written" in shown) == (0, True)
    read: list[Any] = [_json.loads(line) for line in file.read_text().splitlines()]
    assert [one["type"] for one in read] == ["time_entry", "time_entry", "expense"]


def test_a_folder_is_not_written_to(world: World, tmp_path: Path) -> None:
    assert world.refused("export", "--out", str(tmp_path)).endswith("it is a folder")
    assert world.refused("export", "--out", str(tmp_path / "no" / "file")).endswith("is not there")
