"""Several processes on one database, some of them killed: nothing is lost and nothing doubled."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from keito.billing import Recorder
from keito.billing.outbox.postgres import PostgresOutbox
from keito.billing.outbox.record import Record
from keito.testing import LocalKeito
from tests.billing.processes import ROOT, Start, said, starting
from tests.billing.sending import recorder_to
from tests.billing.test_crashes import deliver, ends, entries, kill


@pytest.fixture
def start(local: LocalKeito, postgres_place: str) -> Iterator[Start]:
    with starting("victim", local, outbox=postgres_place) as start:
        yield start


@pytest.fixture
def couriers(local: LocalKeito, postgres_place: str, tmp_path: Path) -> Iterator[list[Recorder]]:
    """Two recorders with a courier each, as on two machines."""
    made = [recorder_to(local, tmp_path, outbox=postgres_place) for _ in range(2)]
    yield made
    for recorder in made:
        recorder.close(1)


def test_two_processes_claim_each_record_once(postgres_place: str) -> None:
    outbox = PostgresOutbox(postgres_place)
    keys = [f"{n:03}" for n in range(300)]
    records = [
        Record(key=k, run=k, kind="run", destination="here", state="READY", payload="{}")
        for k in keys
    ]
    outbox.file(records, contracts={}, lines=(), runs=())
    command = [sys.executable, "-m", "tests.billing.postgres.claimer", postgres_place]

    claimers = [
        subprocess.Popen([*command, name], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    taken = [claimer.communicate()[0].split() for claimer in claimers]

    assert sorted(taken[0] + taken[1]) == keys
    assert outbox.counts("here").states == {"DONE": 300}
    outbox.close()


def test_two_couriers_deliver_each_run_once_though_answers_are_lost(
    couriers: list[Recorder], local: LocalKeito
) -> None:
    local.faults.drop(times=None, probability=0.2, method="POST")
    runs: list[str] = []

    for number in range(40):
        with couriers[number % 2].run("agent") as run:
            runs.append(run.id)
    found = deliver(couriers[0], local, at_least=40)

    assert Counter(entry["metadata"]["run_id"] for entry in found) == Counter(runs)


def test_a_run_whose_process_was_killed_is_recovered_elsewhere(
    start: Start, couriers: list[Recorder], local: LocalKeito
) -> None:
    victim = start("during_a_run")
    run = said(victim)
    kill(victim)

    outcome, entry = deliver(couriers[0], local, at_least=2)

    assert {outcome["metadata"]["run_id"], entry["metadata"]["run_id"]} == {run}
    assert (entry["billable"], entry["metadata"]["status"]) == (False, "recovered")
    assert entry["metadata"]["tokens_in"] == 7


def test_processes_killed_at_random_lose_and_double_nothing(
    start: Start, couriers: list[Recorder], local: LocalKeito
) -> None:
    chance = random.Random(4)
    local.faults.drop(times=None, probability=0.1, method="POST")
    acknowledged: set[str] = set()

    for _ in range(4):
        victim = start("all_the_time")
        acknowledged.add(said(victim))
        time.sleep(chance.uniform(0.0, 0.3))
        acknowledged.update(kill(victim))
    found = deliver(couriers[0], local, at_least=len(acknowledged))

    delivered = Counter(entry["metadata"]["run_id"] for entry in found)
    assert acknowledged <= set(delivered)
    assert set(delivered.values()) == {1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_forked_child_has_connections_of_its_own(start: Start, local: LocalKeito) -> None:
    victim = start("forked")

    answer = said(victim)
    victim.communicate()

    assert answer == "0 0"
    assert ends(entries(local)) == {"before": "ok", "child": "ok", "parent": "ok"}
