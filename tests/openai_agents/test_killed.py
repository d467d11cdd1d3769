"""A process that is killed with an agent at work: the next one says what it had done."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.billing.sending import PATIENCE, recorder_to
from tests.contract import INPUT, only
from tests.openai_agents.scripted import MODEL


@pytest.fixture
def victim(keito: LocalKeito, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process whose agent waits for its model; whatever happens, it is gone at the end."""
    outbox = {
        "KEITO_OUTBOX": str(tmp_path / "outbox.db"),
        "KEITO_PROJECT_ID": keito.project_id,
        "KEITO_TASK_ID": keito.task_id,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.openai_agents.victim"],
        env={**os.environ, **keito.env, **outbox},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_what_a_killed_agent_had_done_is_recovered_by_the_next_process(
    victim: subprocess.Popen[str], keito: LocalKeito, tmp_path: Path
) -> None:
    assert victim.stdout is not None
    assert victim.stdout.readline() == "reached\n"

    victim.kill()
    victim.wait()
    successor: Recorder = recorder_to(keito, tmp_path)
    end = time.monotonic() + PATIENCE
    while not keito.entries() and time.monotonic() < end:
        successor.flush(0.1)
        time.sleep(0.02)
    successor.close(1)

    entry = only(keito.entries())
    metadata = entry["metadata"]
    assert (entry["billable"], metadata["status"]) == (False, "recovered")
    assert (metadata["tokens_in"], metadata["model_name"]) == (INPUT, MODEL)
