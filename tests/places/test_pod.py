"""A pod: told to end, and killed if it does not; with an outbox that outlives it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from keito.testing import LocalKeito
from tests.billing.sending import FAST, PATIENCE, recorder_to
from tests.places.books import books, charged, delivered
from tests.places.conftest import Start
from tests.sandbox.waiting import eventually

# Processes that see none but their own, the first of which has the id 1.
CONTAINER = ("unshare", "--user", "--map-root-user", "--pid", "--fork")
GRACE = 10.0  # of the 30 seconds that Kubernetes gives


def why_no_container() -> str | None:
    """Why there can be no process with the id 1 here, if there can't."""
    if shutil.which(CONTAINER[0]) is None:
        return "this system has no unshare"
    made = subprocess.run([*CONTAINER, "true"], stderr=subprocess.DEVNULL, check=False)
    return "this system lets nobody make a container" if made.returncode else None


def test_a_pod_that_is_told_to_end_while_keito_does_not_answer_ends_within_its_grace(
    start: Start, local: LocalKeito, postgres_place: str, tmp_path: Path
) -> None:
    local.faults.hang(method="POST", times=None, seconds=PATIENCE)
    pod = start("-m", "tests.places.pod", KEITO_OUTBOX=postgres_place)
    assert pod.says("at work"), pod.log

    began = time.monotonic()
    code = pod.end(signal.SIGTERM)
    took = time.monotonic() - began
    local.faults.clear()
    next_pod = recorder_to(local, tmp_path, outbox=postgres_place)

    assert code == -signal.SIGTERM
    assert took < GRACE
    expected = {"finished ok": 1, "under way abandoned": 1}
    assert delivered(local, next_pod, at_least=2) == expected
    next_pod.close(1)


def test_the_first_process_of_a_container_delivers_and_ends_too(
    start: Start, local: LocalKeito
) -> None:
    if why := why_no_container():
        pytest.skip(why)
    container = start("-m", "tests.places.pod", within=CONTAINER)
    assert container.says("at work"), container.log

    # The first process is a child of what made the container.
    (first,) = (
        Path(f"/proc/{container.popen.pid}/task/{container.popen.pid}/children").read_text().split()
    )
    os.kill(int(first), signal.SIGTERM)

    assert container.ends() == 128 + signal.SIGTERM
    assert books(local) == {"finished ok": 1, "under way abandoned": 1}


def test_a_sidecar_delivers_for_a_container_that_is_killed_and_never_had_a_key(
    start: Start, local: LocalKeito
) -> None:
    agent = start("-m", "tests.places.pod", KEITO_API_KEY="")
    assert agent.says("at work"), agent.log

    agent.end(signal.SIGKILL)
    time.sleep(FAST.lease)
    start("-m", "keito.cli", "courier")

    assert eventually(lambda: books(local).total() == 2, within=PATIENCE)
    assert books(local) == {"finished ok": 1, "under way recovered": 1}
    assert charged(local, "under way") == [False]
