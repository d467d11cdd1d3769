"""Costs on their whole way: from the call into the file, and from there to Keito."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from keito.billing import Contract, FixedPrices, Price, Usage
from keito.billing.entry import run_entries
from keito.billing.outbox.record import Record
from keito.billing.outbox.records import Records
from keito.billing.recovered import recovered
from keito.billing.run_facts import StartFacts, start_of
from keito.testing import LocalKeito
from tests.contract import RefusedError

from .conftest import MakeRecorder
from .sending import PATIENCE, recorder_to

D = Decimal
HAIKU = Usage(
    provider="anthropic",
    model="claude-haiku-4-5",
    input_tokens=10_000,
    cache_read_tokens=8_000,
    cache_write_tokens=1_000,
    output_tokens=500,
    reasoning_tokens=300,
)
# 1 for input, 0.10 for a cache read, 1.25 for a write, 5 for output, per million.
HAIKU_USD = D("0.001") + D("0.0008") + D("0.00125") + D("0.0025")


def delivered(local: LocalKeito, path: Path, *usages: Usage, **settings: Any) -> dict[str, Any]:
    """The metadata of the entry that a run with these calls becomes."""
    recorder = recorder_to(local, path, **settings)
    with recorder.run("agent") as run:
        for number, usage in enumerate(usages):
            run.model_call(usage, key=f"call {number}")
    assert recorder.flush(PATIENCE) == 0
    recorder.close()
    (said,) = [m for entry in local.entries() if (m := entry["metadata"] or {}).get("run_id")]
    return said


def test_without_being_asked_it_prices_by_the_shipped_list(
    local: LocalKeito, tmp_path: Path
) -> None:
    said = delivered(local, tmp_path, HAIKU, HAIKU)

    assert said["cost_usd"] == 2 * HAIKU_USD
    assert said["cost_source"] == "genai-prices"
    assert said["price_version"]


def test_a_list_of_ones_own_takes_its_place(local: LocalKeito, tmp_path: Path) -> None:
    prices = FixedPrices({"claude-haiku-4-5": Price(input=2, output=4)}, name="ours", version="3")

    said = delivered(local, tmp_path, HAIKU, prices=prices)

    assert said["cost_usd"] == D("0.022")
    assert (said["cost_source"], said["price_version"]) == ("ours", "3")


def test_an_empty_list_of_ones_own_takes_its_place_too(local: LocalKeito, tmp_path: Path) -> None:
    class Empty(dict[str, Price]):
        def cost(self, usage: Usage, *, day: date) -> None:
            return None

    said = delivered(local, tmp_path, HAIKU, prices=Empty())

    assert said["llm_calls_unpriced"] == 1


def test_what_the_provider_reports_is_what_keito_is_told(local: LocalKeito, tmp_path: Path) -> None:
    said = delivered(local, tmp_path, replace(HAIKU, reported_cost_usd=D("0.123456789")))

    assert said["cost_usd"] == D("0.123456789")
    assert said["cost_source"] == "provider"
    assert "price_version" not in said


def test_of_a_call_without_a_price_keito_is_told_no_cost(local: LocalKeito, tmp_path: Path) -> None:
    said = delivered(local, tmp_path, HAIKU, replace(HAIKU, model="unheard-of"))

    assert "cost_usd" not in said
    assert said["llm_calls_unpriced"] == 1


def test_a_cost_that_is_not_shared_stays_in_the_file(local: LocalKeito, tmp_path: Path) -> None:
    said = delivered(local, tmp_path, HAIKU, contract=Contract(share_cost=False))

    assert not any("cost" in name or "price" in name for name in said)
    with sqlite3.connect(tmp_path / "outbox.db") as file:
        ((cost,),) = file.execute("SELECT cost FROM records WHERE kind = 'run'").fetchall()
    file.close()
    assert json.loads(cost, parse_float=D)["cost_usd"] == HAIKU_USD


def test_a_run_whose_process_died_has_the_cost_of_its_calls(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder()
    run = recorded.recorder.start("agent")
    run.model_call(HAIKU, key="1")
    run.model_start("2", model="m").fail(RefusedError())
    run.model_call(replace(HAIKU, reported_cost_usd=D("0.5")), key="3")
    recorded.recorder.flush(0)
    lines = [line for line in recorded.outbox._journal.values() if line.run == run.id]
    start: StartFacts = next(start_of(line) for line in lines if line.kind == "start")

    prices = FixedPrices({"claude-haiku-4-5": Price(input=1, output=1)})
    result = recovered(start, lines, last_sign=0)
    (entry,) = run_entries(start, result, Contract(), tallied=lambda _: 0, prices=prices)

    assert result["status"] == "recovered"
    assert entry.cost["cost_usd"] == D("0.0105") + D("0.5")


def test_a_file_of_before_there_were_costs_is_still_good(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    record = Record(key="k", run="r", kind="run", destination="d", state="READY", payload="{}")
    Records(path).close()
    with sqlite3.connect(path) as old:
        old.execute("ALTER TABLE records DROP COLUMN cost")
    old.close()

    first, second = Records(path), Records(path)
    first.add([replace(record, cost="1.5")], {}, {})
    claimed = second.claim("d", owner="me", now=0, lease=1, without=())

    assert claimed is not None
    assert claimed.cost == "1.5"
    first.close()
    second.close()
