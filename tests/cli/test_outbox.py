"""`keito outbox`: what waits, and what people decide about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from keito.billing import Recorder, Target
from tests.cli.conftest import World


def unrouted(world: World, name: str = "nobody") -> str:
    return world.record(name, routing="explicit", target=None)


def parked(world: World) -> str:
    world.record("archived", target=world.target(project_id="prj_acme_2024"))
    world.said("outbox", "flush")
    found = world.read("outbox", "list", "--state", "parked")
    return str(next(one["key"] for one in found if one["kind"] == "run"))


def test_status_counts_what_waits(world: World) -> None:
    world.record()

    status = world.read("outbox", "status")

    assert (status["unfiled"], status["records"]) == (2, {})
    assert "2 to be sent, 2 not filed by a courier yet" in world.said("outbox", "status")


def test_flush_delivers_everything(world: World) -> None:
    world.record()

    assert world.said("outbox", "flush") == "2 delivered, 0 left\n"
    assert len(world.local.entries()) == 2
    assert world.read("outbox", "status")["records"] == {"DONE": 2}


def test_flush_says_what_is_left(world: World) -> None:
    world.record()
    with world.local.outage():
        left = world.read("outbox", "flush", "--timeout", "0.5", code=3)

    assert (left["delivered"], left["left"]) == (0, 2)
    assert "ConnectError" in left["last_error"]


def test_flush_does_not_wait_for_a_key_that_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.record()
    monkeypatch.setenv("KEITO_API_KEY_OTHER", "kto_sandbox_nobody")
    recorder = world.recorder(credential="other", api_key="kto_sandbox_nobody")
    with recorder.run("work"):
        pass
    recorder.close()

    said = world.said("outbox", "flush", "--credential", "other", code=3)

    assert "Keito refuses the API key; last error: HTTP 401" in said


def test_records_are_listed_and_found_by_the_beginning_of_their_key(world: World) -> None:
    unrouted(world)
    world.said("outbox", "flush")

    (outcome, run) = world.read("outbox", "list")
    lines = world.said("outbox", "list").splitlines()

    assert (run["state"], run["agent"], run["project_id"]) == ("UNROUTED", "nobody", None)
    assert outcome["kind"] == "outcome"
    assert lines[0].split()[:3] == ["key", "state", "what"]
    assert lines[2].split()[:2] == [run["key"][:8], "UNROUTED"]


def test_only_the_newest_are_listed_if_so_wanted(world: World) -> None:
    world.record()
    world.said("outbox", "flush")

    assert len(world.read("outbox", "list", "--state", "all", "--limit", "1")) == 1
    assert world.read("outbox", "list") == []
    assert world.said("outbox", "list") == "nothing is open\n"


def test_a_parked_record_is_sent_once_more(world: World) -> None:
    key = parked(world)

    assert world.said("outbox", "retry", key[:8]) == "1 to be sent once more\n"
    assert world.read("outbox", "list", "--state", "ready")[0]["key"] == key


def test_all_that_is_parked_is_sent_once_more(world: World) -> None:
    parked(world)

    assert len(world.read("outbox", "retry", "--all")["retried"]) == 2


def test_what_is_not_parked_is_not_retried(world: World) -> None:
    world.record()
    world.said("outbox", "flush")
    key = world.read("outbox", "list", "--state", "done")[0]["key"]

    result = world.keito("outbox", "retry", key)

    assert result.exit_code == 1
    assert f"{key} is DONE, not PARKED" in result.stderr


def test_an_unrouted_run_is_assigned_and_billed(world: World) -> None:
    run = unrouted(world)
    world.said("outbox", "flush")

    said = world.said("outbox", "assign", run, "--project", "prj_own", "--task", "tsk_internal")
    world.said("outbox", "flush")

    assert said == "2 records to be sent\n"
    assert {entry["project_id"] for entry in world.local.entries()} == {"prj_own"}


def test_all_unrouted_runs_are_assigned_at_once(world: World) -> None:
    runs = [unrouted(world), unrouted(world)]
    world.said("outbox", "flush")

    answer = world.read(
        "outbox", "assign", "--all", "--project", "prj_own", "--task", "tsk_internal"
    )

    assert sorted(answer["runs"]) == sorted(runs)
    assert answer["to_send"] == 4


def test_what_is_unknown_is_not_assigned(world: World) -> None:
    unrouted(world)
    world.said("outbox", "flush")

    words = ("--project", "prj_own", "--task", "tsk_internal")

    assert (
        world.refused("outbox", "assign", "12345678", *words) == "nothing of 12345678 is unrouted"
    )


def test_a_record_is_dropped_with_its_reason(world: World) -> None:
    key = parked(world)

    assert world.said("outbox", "drop", key, "--reason", "a test run") == "1 dropped\n"
    (dropped,) = world.read("outbox", "list", "--state", "dropped")
    assert dropped["reason"].startswith("dropped: a test run")


def test_nothing_is_dropped_without_a_reason(world: World) -> None:
    assert world.keito("outbox", "drop", "12345678").exit_code == 2


def test_what_is_held_is_released(world: World) -> None:
    world.record(mode="record")
    assert world.said("outbox", "flush") == "0 delivered, 0 left\n"
    assert "2 held until `keito outbox release`" in world.said("outbox", "status")

    assert world.said("outbox", "release") == "2 released\n"
    assert world.said("outbox", "flush") == "2 delivered, 0 left\n"


def test_an_outbox_that_is_not_there_is_not_made(world: World) -> None:
    where = str(world.path)

    for command in ("status", "list", "release"):
        assert world.refused("outbox", command) == (
            f"there is no outbox at {where}: nothing has been recorded there"
        )
    assert not world.path.exists()


def test_what_is_no_file_is_said_in_one_line(world: World) -> None:
    world.path.mkdir()

    for command in ("status", "flush"):
        said = world.refused("outbox", command)
        assert str(world.path) in said
        assert len(said.splitlines()) == 1


def test_a_file_that_is_no_outbox_is_left_as_it_is(world: World) -> None:
    world.path.write_text("what somebody else wrote")

    for command in ("status", "list"):
        assert "is no outbox" in world.refused("outbox", command)
    assert world.path.read_text() == "what somebody else wrote"
    assert list(world.path.parent.iterdir()) == [world.path]


def test_nothing_recorded_is_nothing_to_flush(world: World) -> None:
    assert world.said("outbox", "flush") == "0 delivered, 0 left\n"
    assert not world.path.exists()


def test_an_empty_id_is_refused(world: World) -> None:
    assert world.keito("outbox", "assign", "--all", "--project", "").exit_code == 2
    assert world.keito("explain", "").exit_code == 2


def test_without_a_key_flush_says_what_to_set(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KEITO_API_KEY")

    assert "KEITO_API_KEY" in world.refused("outbox", "flush")


def test_the_password_of_a_database_is_never_said() -> None:
    from keito.cli.place import place

    where = place("postgresql://me:secret@db.example:5432/work?password=secret")

    assert where.name == "postgresql://db.example/work"


def test_what_a_model_wrote_does_not_steer_the_terminal(world: World) -> None:
    world.record("\x1b[2Jevil", routing="explicit", target=None)
    world.said("outbox", "flush")

    assert "\x1b" not in world.said("outbox", "list")


def test_records_for_another_destination_are_not_shown(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Recorder(outbox=world.path, account_id="acc_other", courier="external")
    with other.run("elsewhere", target=Target(project_id="p", task_id="t")):
        pass
    other.close()
    world.record()
    world.said("outbox", "flush")

    assert {one["agent"] for one in world.read("outbox", "list", "--state", "all")} == {"support"}
