"""Many clients at once: every commit happens once and whole."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from keito.testing import LocalKeito, sandbox
from tests.sandbox.http import Http, entry, new_entry

PATH = "/api/v2/time_entries"
T = TypeVar("T")


def at_once(times: int, do: Callable[[int], T]) -> list[T]:
    barrier = threading.Barrier(times)

    def start_together(number: int) -> T:
        barrier.wait(10)
        return do(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(start_together, range(times)))


def test_every_create_of_many_clients_is_stored_once(local: LocalKeito) -> None:
    def create(number: int) -> list[str]:
        with Http(local) as http:
            return [new_entry(http, metadata={"n": number})["id"] for _ in range(20)]

    made = [entry_id for ids in at_once(8, create) for entry_id in ids]

    assert len(set(made)) == 160
    assert sorted(item["id"] for item in local.entries()) == sorted(made)


def test_of_many_timers_started_at_once_one_runs(local: LocalKeito) -> None:
    def start(_: int) -> int:
        with Http(local) as http:
            return http.post(PATH, json=entry(is_running=True)).status_code

    statuses = at_once(8, start)

    assert sorted(statuses) == [200] + [409] * 7
    assert [item["is_running"] for item in local.entries()] == [True]


def test_merges_of_many_clients_are_all_kept(local: LocalKeito, admin: Http) -> None:
    made = new_entry(admin)["id"]

    def merge(number: int) -> int:
        with Http(local) as http:
            body = {"metadata": {f"key{number}": number}}
            return http.patch(f"{PATH}/{made}", json=body).status_code

    statuses = at_once(8, merge)

    assert statuses == [200] * 8
    assert local.entries()[0]["metadata"] == {f"key{number}": number for number in range(8)}


def test_state_can_be_read_and_marked_while_clients_write(local: LocalKeito) -> None:
    def write_or_look(number: int) -> None:
        if number % 2:
            with Http(local) as http:
                for _ in range(20):
                    new_entry(http)
            return
        for _ in range(20):
            local.lock(*(item["id"] for item in local.entries()))

    at_once(6, write_or_look)

    assert len(local.entries()) == 60


def test_several_sandboxes_in_one_process_do_not_mix() -> None:
    # As its first request comes, FastAPI mutes a warning of pydantic's for the whole process, and
    # servers that do so at once unmute one another's.
    first = threading.Lock()

    def run(number: int) -> list[float]:
        with sandbox() as local, Http(local) as http:
            with first:
                new_entry(http, hours=number)
            for _ in range(4):
                new_entry(http, hours=number)
            return [float(item["hours"]) for item in local.entries()]

    assert at_once(6, run) == [[float(number)] * 5 for number in range(6)]
