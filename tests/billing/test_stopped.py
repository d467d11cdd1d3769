"""Processes that are stopped for longer than every lease, and go on: as a machine that sleeps."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.billing.processes import Start, said, starting
from tests.billing.sending import PATIENCE, recorder_to

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGSTOP"), reason="this platform can't stop a process from outside"
)


class Place:
    """Where an outbox is, and how the signs of life of a stopped process get lost there."""

    def __init__(self, name: str, lose_signs: Callable[[], object]) -> None:
        self.name = name
        self.lose_signs = lose_signs


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return Place(str(tmp_path / "outbox.db"), lambda: lose_locks(tmp_path))
    dsn: str = request.getfixturevalue("postgres_place")
    return Place(dsn, lambda: end_sessions(dsn))


def lose_locks(folder: Path) -> None:
    for lock in folder.glob("*-live/*"):
        lock.unlink()


def end_sessions(dsn: str) -> None:
    """End all other sessions, as a server does that notices that their machine is gone."""
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid != pg_backend_pid()"
        )


@pytest.fixture
def start(local: LocalKeito, place: Place) -> Iterator[Start]:
    with starting("victim", local, outbox=place.name) as start:
        yield start


@pytest.fixture
def other(local: LocalKeito, place: Place, tmp_path: Path) -> Iterator[Recorder]:
    """A recorder elsewhere on the same outbox."""
    made = recorder_to(local, tmp_path, outbox=place.name)
    yield made
    made.close(1)


def entries(local: LocalKeito) -> list[dict[str, Any]]:
    """What runs have made, without their outcomes."""
    found = [e for e in local.entries() if "run_id" in (e["metadata"] or {})]
    return [e for e in found if "outcome_type" not in e["metadata"]]


def deliver(recorder: Recorder, done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not (recorder.flush(0.5) == 0 and done()):
        time.sleep(0.05)


def test_a_run_that_others_have_recovered_finishes_after_all(
    start: Start, other: Recorder, local: LocalKeito, place: Place
) -> None:
    victim = start("stopped_during_a_run")
    run = said(victim)
    victim.send_signal(signal.SIGSTOP)
    place.lose_signs()
    deliver(other, lambda: len(entries(local)) == 1)
    (recovered,) = entries(local)

    victim.send_signal(signal.SIGCONT)
    assert said(victim) == "finished"
    deliver(other, lambda: entries(local)[0]["metadata"]["tokens_in"] == 77)

    (finished,) = entries(local)
    assert (recovered["billable"], recovered["metadata"]["status"]) == (False, "recovered")
    assert (finished["billable"], finished["metadata"]["status"]) == (True, "ok")
    assert finished["metadata"]["run_id"] == run
    assert (finished["id"], finished["hours"] > recovered["hours"]) == (recovered["id"], True)
    assert finished["metadata"]["seconds_charged"] == finished["metadata"]["seconds_raw"]
    assert (finished["metadata"]["tokens_in"], finished["metadata"]["llm_calls"]) == (77, 2)
    assert len([e for e in local.entries() if "outcome_type" in (e["metadata"] or {})]) == 1


def test_a_recovered_run_that_a_person_has_locked_stays_as_it_is(
    start: Start, other: Recorder, local: LocalKeito, place: Place
) -> None:
    victim = start("stopped_during_a_run")
    said(victim)
    victim.send_signal(signal.SIGSTOP)
    place.lose_signs()
    deliver(other, lambda: len(entries(local)) == 1)
    (recovered,) = entries(local)
    local.lock(recovered["id"])

    victim.send_signal(signal.SIGCONT)
    assert said(victim) == "finished"
    deliver(other, lambda: other.status().records.get("PARKED") == 2)

    reasons = {record.reason for record in other.backlog().records("PARKED")}
    assert reasons == {"late_after_lock: locked"}
    assert entries(local)[0]["hours"] == recovered["hours"]


@pytest.mark.parametrize("committed", [False, True])
def test_a_process_that_is_frozen_between_calls_loses_and_doubles_nothing(
    start: Start,
    other: Recorder,
    local: LocalKeito,
    place: Place,
    committed: bool,
) -> None:
    # Nothing else is under way then: a process that is stopped while it writes holds up all others.
    lost = local.faults.hang(committed=committed, method="POST")
    victim = start("stopped_between_calls")
    assert said(victim) == "recorded"
    end = time.monotonic() + PATIENCE
    while not lost.hits and time.monotonic() < end:
        time.sleep(0.001)

    victim.send_signal(signal.SIGSTOP)
    place.lose_signs()
    left_meanwhile = other.flush(PATIENCE)
    victim.send_signal(signal.SIGCONT)
    left = said(victim)
    other.flush(PATIENCE)

    runs = [entry["metadata"]["run_id"] for entry in entries(local)]
    assert (left_meanwhile, left) == (0, "0")
    assert (len(runs), len(set(runs))) == (10, 10)
