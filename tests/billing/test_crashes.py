"""Processes that are killed: a new one delivers each run once, and only once."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.billing.processes import Start, said, starting
from tests.billing.sending import PATIENCE, recorder_to


@pytest.fixture
def start(local: LocalKeito, tmp_path: Path) -> Iterator[Start]:
    with starting("victim", local, outbox=str(tmp_path / "outbox.db")) as start:
        yield start


@pytest.fixture
def successor(local: LocalKeito, tmp_path: Path) -> Iterator[Recorder]:
    """The next process's recorder."""
    made = recorder_to(local, tmp_path)
    yield made
    made.close(1)


def kill(process: subprocess.Popen[str]) -> list[str]:
    """Kill it with -9; return what else it had said."""
    process.kill()
    rest, _ = process.communicate()
    return rest.split()


def entries(local: LocalKeito) -> list[dict[str, Any]]:
    return [e for e in local.entries() if "run_id" in (e.get("metadata") or {})]


def ends(found: list[dict[str, Any]]) -> dict[str, str]:
    """How each run ended, by its name."""
    return {entry["notes"].split(":")[0]: entry["metadata"]["status"] for entry in found}


def deliver(recorder: Recorder, local: LocalKeito, *, at_least: int) -> list[dict[str, Any]]:
    """Deliver until so many entries are there and nothing is left."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        left = recorder.flush(1.0)
        if left == 0 and len(entries(local)) >= at_least:
            break
    return entries(local)


def test_a_run_whose_process_was_killed_is_recovered_and_not_charged(
    start: Start, successor: Recorder, local: LocalKeito
) -> None:
    victim = start("during_a_run")
    run = said(victim)
    kill(victim)

    outcome, entry = deliver(successor, local, at_least=2)

    assert {outcome["metadata"]["run_id"], entry["metadata"]["run_id"]} == {run}
    assert (entry["billable"], entry["metadata"]["status"]) == (False, "recovered")
    assert (entry["metadata"]["tokens_in"], entry["metadata"]["model_name"]) == (7, "m")
    assert entry["metadata"]["seconds_raw"] > 0
    assert outcome["billable"] is True


def test_a_run_that_was_only_waiting_for_a_model_call_is_charged(
    start: Start, successor: Recorder, local: LocalKeito
) -> None:
    victim = start("while_a_call_is_awaited")
    said(victim)
    kill(victim)

    (entry,) = deliver(successor, local, at_least=1)

    assert (entry["billable"], entry["metadata"]["status"]) == (True, "ok")
    assert entry["metadata"]["usage_incomplete"] is True


def test_a_run_that_was_recorded_but_not_sent_is_delivered_once(
    start: Start, successor: Recorder, local: LocalKeito
) -> None:
    victim = start("before_sending")
    run = said(victim)
    kill(victim)

    (entry,) = deliver(successor, local, at_least=1)

    assert (entry["metadata"]["run_id"], entry["billable"]) == (run, True)


@pytest.mark.parametrize("committed", [False, True])
def test_a_run_that_was_being_sent_is_delivered_once(
    start: Start, successor: Recorder, local: LocalKeito, committed: bool
) -> None:
    local.faults.hang(committed=committed, method="POST", seconds=30)
    victim = start("while_sending")
    run = said(victim)
    wait_for_the_fault(local, "POST")
    kill(victim)
    local.faults.clear()

    (entry,) = deliver(successor, local, at_least=1)

    assert entry["metadata"]["run_id"] == run
    assert len(local.requests("POST")) == (1 if committed else 2)


def wait_for_the_fault(local: LocalKeito, method: str) -> None:
    """Wait until it has struck a request: one that has only arrived may not be read yet."""
    end = time.monotonic() + PATIENCE
    while not any(request.fault for request in local.requests(method)):
        assert time.monotonic() < end
        time.sleep(0.01)


def corrected(recorder: Recorder, local: LocalKeito) -> dict[str, Any]:
    """Deliver until the only entry says what its late call used; return its metadata."""
    end = time.monotonic() + PATIENCE
    while True:
        (entry,) = deliver(recorder, local, at_least=1)
        metadata: dict[str, Any] = entry["metadata"]
        if metadata.get("tokens_in") == 7 or time.monotonic() > end:
            return metadata


def test_a_call_that_came_late_before_its_process_was_killed_is_corrected_by_the_next(
    start: Start, successor: Recorder, local: LocalKeito
) -> None:
    victim = start("after_a_late_call")
    run, left = said(victim).split()
    kill(victim)
    made = len(local.requests("PATCH"))

    metadata = corrected(successor, local)

    assert (left, made) == ("0", 0)
    assert (metadata["run_id"], metadata["status"]) == (run, "ok")
    assert (metadata["tokens_in"], metadata["usage_incomplete"]) == (7, False)


@pytest.mark.parametrize("committed", [False, True])
def test_a_process_killed_while_it_corrects_leaves_the_correction_to_the_next(
    start: Start, successor: Recorder, local: LocalKeito, committed: bool
) -> None:
    local.faults.hang(committed=committed, method="PATCH", seconds=30)
    victim = start("while_correcting")
    run, _ = said(victim).split()
    wait_for_the_fault(local, "PATCH")
    kill(victim)
    local.faults.clear()

    metadata = corrected(successor, local)
    left = successor.flush(PATIENCE)

    assert (metadata["run_id"], metadata["tokens_in"], left) == (run, 7, 0)
    assert len(local.requests("PATCH")) == (1 if committed else 2)
    assert len(local.requests("POST")) == 1


def test_processes_killed_at_random_lose_and_double_nothing(
    start: Start, successor: Recorder, local: LocalKeito
) -> None:
    chance = random.Random(4)
    local.faults.drop(times=None, probability=0.1, method="POST")
    acknowledged: set[str] = set()

    for _ in range(6):
        victim = start("all_the_time")
        acknowledged.add(said(victim))
        time.sleep(chance.uniform(0.0, 0.4))
        acknowledged.update(kill(victim))
    found = deliver(successor, local, at_least=len(acknowledged))

    delivered = Counter(entry["metadata"]["run_id"] for entry in found)
    assert acknowledged <= set(delivered)
    assert set(delivered.values()) == {1}
    # What was not acknowledged was cut off in between: at most one run of each victim.
    assert len(set(delivered) - acknowledged) <= 6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_forked_child_records_its_own_runs_and_leaves_its_parents_alone(
    start: Start, local: LocalKeito
) -> None:
    victim = start("forked")

    answer = said(victim)
    victim.communicate()

    assert answer == "0 0"
    assert ends(entries(local)) == {"before": "ok", "child": "ok", "parent": "ok"}
    assert len(entries(local)) == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_child_that_is_forked_while_the_courier_loads_what_it_needs_delivers_too(
    start: Start, local: LocalKeito
) -> None:
    victim = start("forked_while_loading")

    assert said(victim) == "0 0"
    assert ends(entries(local)) == {"parent": "ok", "child": "ok"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_children_that_are_forked_while_the_courier_writes_find_no_file_locked_for_good(
    start: Start, local: LocalKeito
) -> None:
    victim = start("forked_while_delivering")

    assert said(victim) == "0 0 0 0 0 0"
    assert Counter(e["notes"].split(":")[0] for e in entries(local)) == {"parent": 100, "child": 5}


def test_a_process_ends_soon_though_keito_is_down_and_loses_nothing(
    start: Start, successor: Recorder, local: LocalKeito
) -> None:
    with local.outage():
        victim = start("exit_while_keito_is_down")
        began = float(said(victim))
        victim.communicate()
        took = time.time() - began

    found = deliver(successor, local, at_least=2)

    # Two seconds are promised; the rest is for a busy machine.
    assert victim.returncode == 0
    assert took < 10
    assert ends(found) == {"done": "ok", "open": "abandoned"}
