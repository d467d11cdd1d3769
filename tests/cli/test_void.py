"""`keito void`: take work back that should not be charged."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from keito.billing.metadata import LIMIT, size
from keito.cli.void.voiding import marked
from tests.cli.conftest import World
from tests.sandbox.http import Http, new_entry

WHY = ("--reason", "a test run")


def delivered(world: World, **settings: Any) -> str:
    run = world.record(**settings)
    world.said("outbox", "flush")
    return run


def test_without_yes_it_is_only_shown_what_would_be_done(world: World) -> None:
    run = delivered(world)

    said = world.said("void", "--run", run, *WHY)

    assert [entry["billable"] for entry in world.local.entries()] == [True, True]
    assert said.startswith("To be made not billable:\n")
    assert said.splitlines()[-1] == "Nothing has been changed: add --yes to do it"


def test_a_run_is_taken_back_with_its_outcomes(world: World) -> None:
    kept, run = delivered(world), delivered(world)

    done = world.read("void", "--run", run, *WHY, "--yes")["done"]

    after = world.local.entries()
    assert len(done["voided"]) == 2
    assert {e["metadata"]["run_id"] for e in after if e["billable"]} == {kept}
    voided, _ = [entry for entry in after if "void_reason" in entry["metadata"]]
    assert voided["metadata"]["void_reason"] == "a test run"
    assert voided["metadata"]["keito_key"]
    assert voided["metadata"]["voided_at"].endswith("+00:00")


def test_a_run_can_be_named_by_the_key_on_an_invoice(world: World) -> None:
    delivered(world)
    key = world.local.entries()[0]["metadata"]["keito_key"]

    assert len(world.read("void", "--run", key[:8], *WHY)["plan"]["to_void"]) == 2


def test_a_key_of_another_machines_record_will_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered(world)
    key = world.local.entries()[0]["metadata"]["keito_key"]
    monkeypatch.setenv("KEITO_OUTBOX", str(world.path.with_name("another.db")))

    assert len(world.read("void", "--run", key[:8], *WHY)["plan"]["to_void"]) == 2


def test_a_session_is_taken_back(world: World) -> None:
    delivered(world, target=world.target(session_id="s-1"))
    delivered(world, target=world.target(session_id="s-2"))

    world.said("void", "--session", "s-1", *WHY, "--yes")

    sessions = [e["metadata"]["session_id"] for e in world.local.entries() if e["billable"]]
    assert sessions == ["s-2", "s-2"]


def test_a_period_is_taken_back_on_one_project(world: World) -> None:
    delivered(world)
    delivered(world, target=world.target(project_id="prj_globex_audit"))
    with Http(world.local) as http:
        new_entry(http)
        new_entry(http, source="agent")
    days = ("--from", "2026-01-01", "--to", "2099-01-01")

    world.said("void", *days, "--project", world.local.project_id, *WHY, "--yes")

    left = [entry for entry in world.local.entries() if entry["billable"]]
    on_project = [entry for entry in left if entry["project_id"] == world.local.project_id]
    assert [entry["source"] for entry in on_project] == ["api"]
    assert len(left) == 3


@pytest.mark.parametrize(
    ("mark", "why"), [("lock", "it is locked"), ("bill", "it is billed"), ("approve", "approved")]
)
def test_what_is_fixed_is_left_to_a_person(world: World, mark: str, why: str) -> None:
    run = delivered(world)
    entry, other = world.local.entries()
    getattr(world.local, mark)(entry["id"])

    answer = world.read("void", "--run", run, *WHY, "--yes", code=3)

    assert answer["done"]["voided"] == [other["id"]]
    assert why in answer["plan"]["for_a_person"][0]["why"]
    assert [e["billable"] for e in world.local.entries() if e["id"] == entry["id"]] == [True]


def test_an_expense_is_left_to_a_person(world: World) -> None:
    recorder = world.recorder()
    with recorder.run("search") as run:
        run.expense("cat_hosting", total_cost="1.20")
    recorder.close()
    world.said("outbox", "flush")

    answer = world.read("void", "--run", run.id, *WHY, "--yes", code=3)

    (expense,) = answer["plan"]["for_a_person"]
    assert (expense["kind"], expense["total_cost"]) == ("expense", 1.20)
    assert "For a person" in world.said("void", "--run", run.id, *WHY)


def test_what_would_still_be_sent_is_named(world: World) -> None:
    run = world.record(mode="record")
    world.said("outbox", "flush")

    said = world.said("void", "--run", run, *WHY, "--yes", code=3)

    assert said.count("not sent yet: ") == 2
    assert "keito outbox drop " in said


def test_runs_that_it_started_are_named_and_kept(world: World) -> None:
    recorder = world.recorder()
    elsewhere = world.target(project_id="prj_globex_audit")
    with recorder.run("parent") as run, recorder.run("child", target=elsewhere):
        pass
    recorder.close()
    world.said("outbox", "flush")

    said = world.said("void", "--run", run.id, *WHY, "--yes")

    assert "it started 1 runs with records of their own" in said


def test_a_change_that_keito_refuses_is_named(world: World) -> None:
    run = delivered(world)
    world.local.faults.error(403, method="PATCH", committed=False, times=None)

    answer = world.read("void", "--run", run, *WHY, "--yes", code=3)

    assert answer["done"]["voided"] == []
    assert len(answer["done"]["failed"]) == 2
    assert all(why.startswith("403") for why in answer["done"]["failed"].values())


def test_it_has_to_be_said_what_and_why(world: World) -> None:
    assert world.keito("void", *WHY).exit_code == 2
    assert world.keito("void", *WHY, "--from", "2026-03-01").exit_code == 2
    assert world.keito("void", "--run", "x").exit_code == 2
    assert world.keito("void", "--run", "x", "--reason", " ").exit_code == 2


def test_metadata_that_is_full_makes_room_for_the_reason() -> None:
    before = {"keito_key": "k", "models": {"m": "x" * 1000}, "tokens_in": 5, "yours": "y" * 3000}
    at = datetime(2026, 3, 5, tzinfo=timezone.utc)

    change = marked(before, "r" * 600, at=at)

    assert size({**before, **change}) <= LIMIT
    assert (len(change["void_reason"]), change["models"], change["truncated"]) == (500, None, True)
    assert "keito_key" not in change
    assert "tokens_in" not in change


def test_metadata_with_room_keeps_everything() -> None:
    change = marked({"keito_key": "k"}, "why", at=datetime(2026, 3, 5, tzinfo=timezone.utc))

    assert change == {"void_reason": "why", "voided_at": "2026-03-05T00:00:00+00:00"}


def test_of_an_entry_for_a_whole_day_a_run_is_left_to_a_person(world: World) -> None:
    kept, run = (world.record(granularity="day") for _ in range(2))
    world.said("outbox", "flush")

    plan = world.read("void", "--run", run, *WHY)["plan"]
    said = world.said("void", "--run", run, *WHY, "--yes", code=3)

    (total,) = [e for e in world.local.entries() if e["metadata"].get("granularity") == "day"]
    (share,) = plan["shares"]
    assert share["entry_id"] == total["id"]
    assert total["billable"] is True
    assert f"{total['id']}  {total['spent_date']}" in said
    assert "1 voided" in said
    assert kept not in said


def test_a_whole_day_is_taken_back_with_all_its_runs(world: World) -> None:
    for _ in range(2):
        world.record(granularity="day")
    world.said("outbox", "flush")
    day = world.local.entries()[0]["spent_date"]

    plan = world.read("void", "--from", day, "--to", day, *WHY, "--yes")["plan"]

    assert [entry["billable"] for entry in world.local.entries()] == [False] * 3
    assert plan["shares"] == []


def test_a_run_that_nobody_knows_is_said(world: World) -> None:
    assert "knows 12345678" in world.refused("void", "--run", "12345678", *WHY)
