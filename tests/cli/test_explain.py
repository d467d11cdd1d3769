"""`keito explain`: everything that is known of one record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from keito.billing import Contract
from tests.cli.conftest import World
from tests.sandbox.http import Http, new_entry


def delivered(world: World, kind: str = "run", **settings: Any) -> str:
    world.record(**settings)
    world.said("outbox", "flush")
    found = world.read("outbox", "list", "--state", "all")
    return str(next(one["key"] for one in found if one["kind"] == kind))


def test_a_record_is_explained_from_start_to_hours(world: World) -> None:
    key = delivered(world)

    told = world.read("explain", key)

    first, *_, last = told["arithmetic"]
    assert (told["record"]["key"], told["record"]["state"]) == (key, "DONE")
    assert first["what"] == "from start to end"
    assert first["seconds"] == told["result"]["elapsed"] / 1_000_000
    assert last["amount"] == told["sent"]["hours"]
    assert told["echo"]["hours"] == told["sent"]["hours"]
    assert (told["contract"]["charge"], told["cost"]["cost_usd"]) == ("both", 0.00036)
    assert [one["kind"] for one in told["others"]] == ["outcome"]
    assert [event["what"] for event in told["events"]] == [
        "the run began",
        "the run ended as ok",
        "became a record",
        "DONE",
    ]


def test_the_beginning_of_the_key_on_an_invoice_is_enough(world: World) -> None:
    key = delivered(world)

    said = world.said("explain", key[:8])

    assert said.splitlines()[1] == f"  {key}"
    assert "hours: divided by 3600, to six places" in said
    assert said.count("all else as it was sent") == 1


def test_an_entry_is_found_by_its_id_in_keito(world: World) -> None:
    delivered(world)
    entry = world.local.entries()[-1]

    assert world.read("explain", entry["id"])["record"]["entry_id"] == entry["id"]


def test_rounding_and_caps_are_steps(world: World) -> None:
    contract = Contract(increment=timedelta(minutes=6))
    key = delivered(world, contract=contract)

    told = world.read("explain", key)

    (rounding,) = [x for x in told["arithmetic"] if x["what"].startswith("rounded")]
    assert rounding["what"] == "rounded, increment 360 s per run"
    assert told["arithmetic"][-1]["amount"] == 0.1


def test_an_outcome_is_its_price_by_its_quantity(world: World) -> None:
    key = delivered(world, kind="outcome")

    assert world.read("explain", key)["arithmetic"] == [
        {"what": "1 x 2.50", "seconds": None, "amount": 2.50}
    ]


def test_it_says_why_a_run_is_not_charged(world: World) -> None:
    recorder = world.recorder()
    with pytest.raises(ZeroDivisionError), recorder.run("broken"):
        raise ZeroDivisionError
    recorder.close()
    world.said("outbox", "flush")
    (record,) = world.read("outbox", "list", "--state", "done")

    told = world.read("explain", record["key"])

    assert told["not_charged"] == "a run that ended as error"
    assert "the run ended as error (ZeroDivisionError)" in [e["what"] for e in told["events"]]
    assert told["arithmetic"][-1]["what"] == "charged"


def test_keito_is_asked_how_it_looks_now(world: World) -> None:
    key = delivered(world)
    (entry,) = [e for e in world.local.entries() if e["metadata"]["keito_key"] == key]
    world.local.lock(entry["id"])

    assert world.read("explain", key, "--ask")["in_keito"]["is_locked"] is True
    assert "is_locked: True" in world.said("explain", key, "--ask")


def test_what_only_keito_knows_is_found_there(world: World) -> None:
    with Http(world.local) as http:
        entry = new_entry(http, spent_date="2026-03-02")

    told = world.read("explain", entry["id"], "--from", "2026-03-01", "--to", "2026-03-31")

    assert (told["record"], told["in_keito"]["id"]) == (None, entry["id"])
    assert "is not of this outbox" in world.said("explain", entry["id"], "--from", "2026-03-01")


def test_what_nobody_knows_is_said_in_one_line(world: World) -> None:
    said = world.refused("explain", "ent_none", "--from", "2026-03-01", "--to", "2026-03-31")

    assert said == ("neither this outbox nor Keito, from 2026-03-01 to 2026-03-31, knows ent_none")


def test_an_unrouted_run_is_explained_too(world: World) -> None:
    key = delivered(world, routing="explicit", target=None)

    told = world.read("explain", key)

    assert (told["record"]["state"], told["run"]["name"]) == ("UNROUTED", "support")
    assert told["sent"] == {}
