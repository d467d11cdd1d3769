"""An outage: connections are really refused, and come back on the same port."""

from __future__ import annotations

import httpx
import pytest

from keito.testing import LocalKeito
from tests.sandbox.http import Http, entry, new_entry
from tests.sandbox.waiting import eventually

ME = "/api/v2/users/me"


def is_up(http: Http) -> bool:
    try:
        return http.get(ME).status_code == 200
    except httpx.ConnectError:
        return False


def test_connections_are_refused_until_it_ends(local: LocalKeito, admin: Http) -> None:
    before = local.base_url

    with local.outage(), pytest.raises(httpx.ConnectError):
        admin.get(ME)

    assert admin.get(ME).status_code == 200
    assert local.base_url == before


def test_it_can_end_by_itself(local: LocalKeito, admin: Http) -> None:
    local.outage(0.2)

    assert not is_up(admin)
    assert eventually(lambda: is_up(admin))


def test_what_was_stored_is_still_there(local: LocalKeito, admin: Http) -> None:
    made = new_entry(admin)

    with local.outage():
        pass

    assert [item["id"] for item in local.entries()] == [made["id"]]
    assert admin.get("/api/v2/time_entries").json()["total_entries"] == 1


def test_an_open_connection_is_cut(local: LocalKeito, admin: Http) -> None:
    admin.get(ME)

    with local.outage(), pytest.raises(httpx.TransportError):
        admin.post("/api/v2/time_entries", json=entry())

    assert local.entries() == []


def test_a_second_outage_is_like_the_first(local: LocalKeito, admin: Http) -> None:
    for _ in range(3):
        with local.outage():
            assert not is_up(admin)
        assert is_up(admin)


def test_the_requests_of_an_outage_are_never_seen(local: LocalKeito, admin: Http) -> None:
    with local.outage():
        assert not is_up(admin)

    assert local.requests() == []


def test_a_control_call_starts_one_and_is_answered_first(local: LocalKeito, admin: Http) -> None:
    answer = httpx.post(f"{local.base_url}/_sandbox/outage", json={"seconds": 0.3})

    assert answer.json() == {"down": True}
    assert eventually(lambda: not is_up(admin))
    assert eventually(lambda: is_up(admin))
