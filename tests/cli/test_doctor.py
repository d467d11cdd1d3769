"""`keito doctor`: what is wrong here, and how it is put right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from keito.billing import Recorder, Usage
from keito.cli.place import place
from tests.cli.conftest import World


def findings(world: World, about: str, *, code: int = 0) -> list[dict[str, Any]]:
    found = world.read("doctor", code=code)["findings"]
    return [finding for finding in found if finding["about"] == about]


def test_all_is_fine_where_nothing_is_wrong(world: World) -> None:
    world.record()
    world.said("outbox", "flush")

    said = world.said("doctor")

    assert "PROBLEM" not in said
    assert "is of Ada Moore (admin)" in said
    assert "Harbour & Finch (acc_sandbox)" in said
    assert "Support (prj_acme_support)" in said
    assert "UTC, as in Keito" in said
    assert "0 to be delivered" in said


def test_a_key_that_is_missing_is_a_problem(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEITO_API_KEY")

    (key,) = findings(world, "key", code=3)

    assert key["state"] == "problem"
    assert "KEITO_API_KEY" in key["said"]


def test_a_key_that_is_refused_is_a_problem(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEITO_ACCOUNT_ID", "acc_of_others")

    (key,) = findings(world, "key", code=3)

    assert key["said"].startswith("Keito refuses it: 401")
    assert "KEITO_ACCOUNT_ID" in key["fix"]


def test_a_keito_that_does_not_answer_is_a_problem(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEITO_BASE_URL", "http://127.0.0.1:9")

    (key,) = findings(world, "key", code=3)

    assert "can't be reached" in key["said"]


def test_another_time_zone_than_keitos_is_a_problem(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEITO_TIMEZONE", "Asia/Tokyo")

    (zone,) = findings(world, "time zone", code=3)

    assert zone["said"] == "days end at midnight in Asia/Tokyo; in Keito the time zone is UTC"
    assert "KEITO_TIMEZONE=UTC" in zone["fix"]


def test_a_clock_that_is_wrong_is_a_problem() -> None:
    from keito.cli.doctor.access import _clock

    server = "Sun, 22 Nov 2026 20:00:00 GMT"
    now = 1795377600.5

    assert _clock(server, now).state == "fine"
    assert (_clock(server, now + 30).state, _clock(server, now + 30).said) == (
        "note",
        "is 30 s ahead of Keito's",
    )
    assert (_clock(server, now - 90).state, _clock(server, now - 90).said) == (
        "problem",
        "is 90 s behind Keito's",
    )


def test_an_archived_project_is_a_problem(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEITO_PROJECT_ID", "prj_acme_2024")
    monkeypatch.setenv("KEITO_TASK_ID", "tsk_none")

    (project,), (task,) = (findings(world, about, code=3) for about in ("project", "task"))

    assert project["said"] == "prj_acme_2024 (Support 2024) is archived"
    assert task["said"] == "tsk_none is not there for this key"


def test_what_is_unbilled_is_told_with_its_fix(world: World) -> None:
    world.record("nobody", routing="explicit", target=None)
    world.record("archived", target=world.target(project_id="prj_acme_2024"))
    world.record("later", mode="record")
    world.said("outbox", "flush")

    found = {finding["said"]: finding for finding in findings(world, "unbilled", code=3)}

    assert [finding["state"] for finding in found.values()] == ["problem", "problem", "note"]
    assert "runs without project and task: 1" in found
    assert found["held since they were recorded with KEITO_MODE=record: 2"]["fix"] == (
        "`keito outbox release` lets them go"
    )


def test_it_says_why_work_is_not_charged(world: World) -> None:
    recorder = world.recorder(contract=None)
    for _ in range(2):
        with recorder.run("again", target=world.target(work_key="job-7")):
            pass
    with pytest.raises(ZeroDivisionError), recorder.run("broken"):
        _ = 1 / 0
    recorder.close()
    world.record("tried", mode="test", contract=None)
    world.said("outbox", "flush")

    assert sorted(finding["said"] for finding in findings(world, "not charged")) == [
        "a run that ended as error: 1",
        "an earlier attempt of the same job was charged: 1",
        "recorded in KEITO_MODE=test: 2",
    ]


def test_an_old_backlog_is_a_problem(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.record("later", mode="record")
    world.said("outbox", "flush")
    world.said("outbox", "release")
    monkeypatch.setattr("keito.cli.doctor.waiting._OLD", 0.0)

    (outbox,) = findings(world, "outbox", code=3)

    assert "2 to be delivered, the oldest for" in outbox["said"]
    assert "keito courier" in outbox["fix"]


def stray(world: World, outbox: Path | None) -> None:
    recorder = Recorder(
        outbox=outbox, account_id="", api_key="", base_url=world.local.base_url,
        courier="external", target=world.target(),
    )  # fmt: skip
    with recorder.run("lost"):
        pass
    recorder.close()


def test_what_was_recorded_without_an_account_is_a_problem_that_adopting_mends(
    world: World,
) -> None:
    stray(world, world.path)
    world.said("outbox", "flush")

    (_, found) = findings(world, "account", code=3)
    assert found["said"] == "records made without an account, which no courier takes: 1"
    assert "`keito outbox adopt`" in found["fix"]

    assert world.said("outbox", "adopt") == "1 adopted\n"
    assert world.said("outbox", "flush") == "1 delivered, 0 left\n"
    assert len(findings(world, "account")) == 1


def test_the_file_of_those_without_an_account_is_looked_at_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KEITO_OUTBOX")
    stray(world, None)
    with monkeypatch.context() as unset:
        unset.setenv("KEITO_ACCOUNT_ID", "")
        nobodys = place(None)
    world.said("outbox", "flush", "--outbox", nobodys.name)

    (_, found) = findings(world, "account", code=3)

    assert f"`keito outbox adopt --outbox {nobodys.name}`" in found["fix"]
    assert world.said("outbox", "adopt", "--outbox", nobodys.name) == "1 adopted\n"


def test_a_run_that_was_recorded_twice_is_a_problem(world: World) -> None:
    recorder = world.recorder()
    runs = [recorder.start("agent", framework=name) for name in ("langchain", "openai_agents")]
    for run in runs:
        run.model_call(Usage(model="m", input_tokens=10, output_tokens=5), key=run.id)
        run.finish()
    recorder.close()
    world.said("outbox", "flush")

    (twice,) = findings(world, "attached twice", code=3)

    assert "(langchain and openai_agents)" in twice["said"]


def test_two_runs_one_after_the_other_are_not_one_recorded_twice(world: World) -> None:
    world.record()
    world.record("other", target=world.target(project_id="prj_own"))
    world.said("outbox", "flush")

    assert findings(world, "attached twice") == []


def test_a_mode_in_which_nothing_is_recorded_is_a_problem(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEITO_MODE", "off")

    assert findings(world, "mode", code=3)[0]["fix"] == "unset KEITO_MODE"
