"""A pod: told to end, and killed if it does not; with an outbox that outlives it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from functools import cache
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


@cache
def container() -> tuple[str, ...]:
    """Return what makes a container, where that is possible."""
    if shutil.which(CONTAINER[0]) is None:
        return ()
    made = subprocess.run([*CONTAINER, "true"], stderr=subprocess.DEVNULL, check=False)
    return () if made.returncode else CONTAINER


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
    if not container():
        pytest.skip("this system can't make containers")
    pod = start("-m", "tests.places.pod", within=container())
    assert pod.says("at work"), pod.log

    code = pod.end(signal.SIGTERM)

    assert code == 128 + signal.SIGTERM
    assert books(local) == {"finished ok": 1, "under way abandoned": 1}


def test_a_sidecar_delivers_for_containers_without_a_key_and_recovers_the_one_that_is_killed(
    start: Start, local: LocalKeito
) -> None:
    # In each of them the process has the id 1, where that can be had.
    agents = [
        start("-m", "tests.places.pod", within=container(), KEITO_API_KEY="") for _ in range(2)
    ]
    assert all(agent.says("at work") for agent in agents)

    agents[0].end(signal.SIGKILL)
    time.sleep(2 * FAST.lease)
    start("-m", "keito.cli", "courier")

    assert eventually(lambda: books(local).total() == 3, within=PATIENCE)
    assert books(local) == {"finished ok": 2, "under way recovered": 1}
    assert charged(local, "under way") == [False]
