"""Runs that are added up by day, on the command line."""

from __future__ import annotations

from tests.cli.conftest import World


def test_what_is_added_up_is_told_and_flushed_at_once(world: World) -> None:
    world.record(granularity="day")

    before = world.read("outbox", "status")
    left = world.said("outbox", "flush", "--timeout", "20")
    known = [record["state"] for record in world.read("outbox", "list", "--state", "all")]

    assert before["unfiled"] == 2
    assert left.startswith("2 delivered, 0 left") or left.startswith("3 delivered, 0 left")
    assert set(known) <= {"DONE", "FOLDED"}
    totals = [e for e in world.local.entries() if "granularity" in (e["metadata"] or {})]
    assert [entry["metadata"]["runs"] for entry in totals] == [1]


def test_what_is_kept_back_counts_as_held_and_not_as_to_be_sent(world: World) -> None:
    recorder = world.recorder(mode="record", granularity="day", courier="thread")
    with recorder.run("support"):
        pass
    recorder.flush(5)
    recorder.close()

    said = world.said("outbox", "status")

    assert "0 to be sent" in said
    assert "1 held until `keito outbox release`" in said
