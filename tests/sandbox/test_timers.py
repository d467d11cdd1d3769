"""Timers: one per user, stopped with the time that went by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from keito.testing import LocalKeito, sandbox
from tests.sandbox.http import D, Http, entry, error, exact, listed, new_entry

PATH = "/api/v2/time_entries"


class Clock:
    """A time that goes on when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 15, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def local(clock: Clock) -> Iterator[LocalKeito]:
    with sandbox(clock=clock) as running:
        yield running


def started(http: Http, **changed: object) -> str:
    body = entry(is_running=True, **changed)
    del body["hours"]
    made: str = exact(http.post(PATH, json=body))["id"]
    return made


def test_a_started_timer_says_since_when_it_runs(admin: Http) -> None:
    started(admin)

    running = listed(admin)[0]

    assert (running["is_running"], running["hours"]) == (True, 0)
    assert running["timer_started_at"] == "2026-03-02T09:15:00.000Z"
    assert (running["started_time"], running["ended_time"]) == ("09:15", None)


def test_a_stopped_timer_has_the_time_that_went_by(admin: Http, clock: Clock) -> None:
    timer = started(admin)
    clock.go_on(minutes=90)

    stopped = exact(admin.patch(f"{PATH}/{timer}/stop"))

    assert (stopped["hours"], stopped["is_running"]) == (D("1.5"), False)
    assert (stopped["timer_started_at"], stopped["ended_time"]) == (None, "10:45")


def test_stopping_can_write_notes(admin: Http) -> None:
    timer = started(admin, notes="before")

    kept = exact(admin.patch(f"{PATH}/{timer}/stop", json={}))
    admin.patch(f"{PATH}/{timer}/restart")
    written = exact(admin.patch(f"{PATH}/{timer}/stop", json={"notes": "after"}))
    admin.patch(f"{PATH}/{timer}/restart")
    cleared = exact(admin.patch(f"{PATH}/{timer}/stop", json={"notes": None}))

    assert (kept["notes"], written["notes"], cleared["notes"]) == ("before", "after", None)


def test_a_restarted_timer_adds_to_the_hours(admin: Http, clock: Clock) -> None:
    made = new_entry(admin, hours=1)
    exact(admin.patch(f"{PATH}/{made['id']}/restart"))
    clock.go_on(minutes=15)

    stopped = exact(admin.patch(f"{PATH}/{made['id']}/stop"))

    assert stopped["hours"] == D("1.25")


def test_a_timer_never_holds_more_than_24_hours(admin: Http, clock: Clock) -> None:
    timer = started(admin)
    clock.go_on(days=3)

    assert exact(admin.patch(f"{PATH}/{timer}/stop"))["hours"] == 24


def test_a_second_timer_conflicts_and_leaves_the_first(admin: Http) -> None:
    timer = started(admin)

    refused = admin.post(PATH, json=entry(is_running=True))

    assert error(refused) == (409, "conflict")
    assert [item["id"] for item in listed(admin)] == [timer]


def test_a_second_timer_can_replace_the_first(admin: Http, clock: Clock) -> None:
    first = started(admin)
    clock.go_on(minutes=30)

    second = started(admin, replace_running=True)

    hours = {item["id"]: (item["hours"], item["is_running"]) for item in listed(admin)}
    assert hours == {first: (D("0.5"), False), second: (0, True)}


def test_another_users_timer_does_not_conflict(admin: Http, agent: Http) -> None:
    started(admin)

    assert agent.post(PATH, json=entry(is_running=True)).status_code == 200


def test_a_restart_conflicts_with_a_running_timer_unless_it_replaces_it(
    admin: Http, clock: Clock
) -> None:
    made, timer = new_entry(admin, hours=1)["id"], started(admin)
    clock.go_on(minutes=6)

    refused = admin.patch(f"{PATH}/{made}/restart")
    replaced = exact(admin.patch(f"{PATH}/{made}/restart", json={"replace_running": True}))

    assert error(refused) == (409, "conflict")
    assert replaced["is_running"] is True
    assert exact(admin.patch(f"{PATH}/{made}", json={}))["is_running"] is True
    assert next(i for i in listed(admin) if i["id"] == timer)["hours"] == D("0.1")


def test_only_a_running_timer_stops_and_only_a_stopped_one_restarts(admin: Http) -> None:
    made, timer = new_entry(admin)["id"], started(admin)

    assert error(admin.patch(f"{PATH}/{made}/stop")) == (400, "bad request")
    assert error(admin.patch(f"{PATH}/{timer}/restart")) == (400, "bad request")


def test_a_running_timer_has_no_end(admin: Http) -> None:
    refused = admin.post(PATH, json=entry(is_running=True, ended_time="10:00"))

    assert error(refused) == (422, "unprocessable entity")


def test_the_timer_that_a_manager_starts_for_someone_is_that_persons(
    admin: Http, member: Http
) -> None:
    started(admin, user_id="usr_mia")

    assert error(member.post(PATH, json=entry(is_running=True))) == (409, "conflict")
    assert admin.post(PATH, json=entry(is_running=True)).status_code == 200
