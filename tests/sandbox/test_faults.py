"""Each fault as a client's HTTP library meets it, and what is committed of the request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from keito.sandbox import Fault
from keito.testing import LocalKeito
from tests.sandbox.http import Http, entry, exact, listed
from tests.sandbox.waiting import eventually

PATH = "/api/v2/time_entries"


@pytest.fixture
def http(local: LocalKeito) -> Iterator[Http]:
    with Http(local, timeout=5.0) as http:
        yield http


@pytest.fixture
def hasty(local: LocalKeito) -> Iterator[Http]:
    """A client that waits a fifth of a second."""
    with Http(local, timeout=0.2) as http:
        yield http


def post(http: Http, **metadata: object) -> httpx.Response:
    return http.post(PATH, json=entry(metadata=metadata or None))


@pytest.mark.parametrize(("committed", "entries"), [(True, 1), (False, 0)])
def test_a_dropped_connection_gives_no_answer(
    local: LocalKeito, http: Http, committed: bool, entries: int
) -> None:
    local.faults.drop(committed=committed)

    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        post(http)

    assert len(local.entries()) == entries
    assert [(r.status, r.fault) for r in local.requests()] == [(None, "drop")]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
@pytest.mark.parametrize(("committed", "entries"), [(True, 1), (False, 0)])
def test_an_error_comes_before_or_after_the_commit(
    local: LocalKeito, http: Http, status: int, committed: bool, entries: int
) -> None:
    local.faults.error(status, committed=committed)

    response = post(http)

    assert response.status_code == status
    assert set(response.json()) == {"error", "error_description"}
    assert response.headers["X-Keito-API-Version"] == "2"
    assert len(local.entries()) == entries


def test_an_error_has_the_shape_that_was_chosen(local: LocalKeito, http: Http) -> None:
    local.answer_errors("nested")
    local.faults.error(503)

    assert post(http).json()["error"]["code"] == "service_unavailable"


@pytest.mark.parametrize(("committed", "entries"), [(True, 1), (False, 0)])
def test_a_hanging_request_is_never_answered(
    local: LocalKeito, hasty: Http, committed: bool, entries: int
) -> None:
    local.faults.hang(committed=committed)

    with pytest.raises(httpx.ReadTimeout):
        post(hasty)

    assert eventually(lambda: len(local.entries()) == entries)


def test_a_hang_can_end_with_a_cut_connection(local: LocalKeito, http: Http) -> None:
    local.faults.hang(seconds=0.05)

    with pytest.raises(httpx.RemoteProtocolError):
        post(http)


def test_a_late_commit_comes_after_the_client_was_told_of_a_timeout(
    local: LocalKeito, http: Http
) -> None:
    local.faults.late(0.1)

    assert post(http).status_code == 504
    assert local.entries() == []
    assert eventually(lambda: len(local.entries()) == 1)


def test_a_late_commit_can_follow_a_cut_connection(local: LocalKeito, http: Http) -> None:
    local.faults.late(0.1, then="drop")

    with pytest.raises(httpx.RemoteProtocolError):
        post(http)

    assert local.entries() == []
    assert eventually(lambda: len(local.entries()) == 1)


def test_a_late_commit_can_come_while_the_client_waits(local: LocalKeito, hasty: Http) -> None:
    local.faults.late(0.4, then="hang")

    with pytest.raises(httpx.ReadTimeout):
        post(hasty)

    assert local.entries() == []
    assert eventually(lambda: len(local.entries()) == 1)


def test_a_slow_answer_is_too_slow_for_a_hasty_client_and_committed(
    local: LocalKeito, hasty: Http
) -> None:
    local.faults.slow(5)

    with pytest.raises(httpx.ReadTimeout):
        post(hasty)

    assert eventually(lambda: len(local.entries()) == 1)


def test_a_slow_request_can_be_carried_out_late(local: LocalKeito, hasty: Http) -> None:
    local.faults.slow(0.4, committed=False)

    with pytest.raises(httpx.ReadTimeout):
        post(hasty)

    assert local.entries() == []
    assert eventually(lambda: len(local.entries()) == 1)


def test_a_slow_answer_arrives_whole(local: LocalKeito, http: Http) -> None:
    local.faults.slow(0.05)

    assert exact(post(http))["id"] == local.entries()[0]["id"]


def test_a_truncated_answer_ends_in_the_middle(local: LocalKeito, http: Http) -> None:
    local.faults.truncate()

    with pytest.raises(httpx.RemoteProtocolError, match="complete message"):
        post(http)

    assert len(local.entries()) == 1


def test_half_of_a_truncated_answer_really_arrives(local: LocalKeito, http: Http) -> None:
    local.faults.truncate()
    received = b""

    with (
        http.stream("POST", PATH, json=entry()) as response,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        for part in response.iter_raw():
            received += part

    assert response.status_code == 200
    assert len(received) == int(response.headers["Content-Length"]) // 2


@pytest.mark.parametrize(("committed", "entries"), [(True, 1), (False, 0)])
def test_a_foreign_answer_is_a_web_page(
    local: LocalKeito, http: Http, committed: bool, entries: int
) -> None:
    local.faults.html(committed=committed)

    response = post(http)

    assert (response.status_code, response.headers["Content-Type"]) == (
        200,
        "text/html; charset=utf-8",
    )
    assert response.text.startswith("<!doctype html>")
    assert len(local.entries()) == entries


def test_too_many_requests_says_how_many_seconds_to_wait(local: LocalKeito, http: Http) -> None:
    local.faults.rate_limit(7)

    response = post(http)

    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert local.entries() == []


def test_too_many_requests_can_say_it_as_a_date(local: LocalKeito, http: Http) -> None:
    local.faults.rate_limit(3600, as_date=True)

    until = parsedate_to_datetime(post(http).headers["Retry-After"])

    assert until > datetime.now(timezone.utc)


def test_a_stale_list_is_behind_and_catches_up(local: LocalKeito, http: Http) -> None:
    local.faults.stale(0.3)
    made = exact(post(http))

    assert listed(http) == []
    assert eventually(lambda: listed(http) == [made])


def test_a_stale_list_shows_the_past_of_changed_and_deleted_entries(
    local: LocalKeito, http: Http
) -> None:
    changed, deleted = exact(post(http)), exact(post(http))
    local.faults.stale(30)
    seen_before = listed(http)
    local.faults.clear()
    http.patch(f"{PATH}/{changed['id']}", json={"hours": 9})
    http.delete(f"{PATH}/{deleted['id']}")

    local.faults.stale(0)
    now = listed(http)
    local.faults.clear()
    local.faults.stale(30)

    assert listed(http) == seen_before == []
    assert [item["hours"] for item in now] == [9]


def test_a_fault_happens_as_often_as_it_was_told(local: LocalKeito, http: Http) -> None:
    fault = local.faults.error(500, times=2)

    assert [post(http).status_code for _ in range(4)] == [500, 500, 200, 200]
    assert fault.hits == 2
    assert local.faults.all() == []


def test_a_fault_without_an_end_happens_until_cleared(local: LocalKeito, http: Http) -> None:
    local.faults.error(500, times=None)

    spoiled = [post(http).status_code for _ in range(5)]
    local.faults.clear()

    assert spoiled == [500] * 5
    assert post(http).status_code == 200


@pytest.mark.parametrize(
    "match", [{"method": "POST"}, {"path": "/api/v2/time_entries"}, {"path": "*entries"}]
)
def test_a_fault_is_for_the_requests_it_names(
    local: LocalKeito, http: Http, match: dict[str, Any]
) -> None:
    local.faults.inject(Fault(kind="error", committed=False, **match))

    assert http.get("/api/v2/tasks").status_code == 200
    assert post(http).status_code == 503


def test_a_fault_can_be_for_the_first_attempt_of_each_record(local: LocalKeito, http: Http) -> None:
    local.faults.error(503, committed=False, first_attempt=True, times=None)
    keys: list[dict[str, object]] = [{"keito_key": "a"}, {"uid": "b"}]

    first = [post(http, **key).status_code for key in keys]
    second = [post(http, **key).status_code for key in keys]

    assert (first, second) == ([503, 503], [200, 200])
    assert post(http).status_code == 200
    assert http.get("/api/v2/tasks").status_code == 200


def spoiled(local: LocalKeito, http: Http) -> list[int]:
    local.faults.clear()
    local.faults.error(500, times=None, probability=0.3)
    return [http.get("/api/v2/users/me").status_code for _ in range(40)]


def test_chance_is_as_likely_as_told_and_the_same_with_the_same_seed() -> None:
    from keito.testing import sandbox

    def run(seed: int) -> list[int]:
        with sandbox(seed=seed) as local, Http(local) as http:
            return spoiled(local, http)

    assert run(1) == run(1) != run(2)
    assert 4 <= run(1).count(500) <= 20


def test_of_several_faults_the_first_happens_first(local: LocalKeito, http: Http) -> None:
    local.faults.error(500)
    local.faults.error(502)

    assert [post(http).status_code for _ in range(3)] == [500, 502, 200]


@pytest.mark.parametrize(
    "wrong", [{"status": 200}, {"probability": 2.0}, {"seconds": -1.0}, {"times": 0}]
)
def test_a_fault_that_could_not_happen_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="should be"):
        Fault(kind="error", **wrong)


def test_other_requests_are_answered_while_one_hangs(local: LocalKeito, http: Http) -> None:
    local.faults.hang(method="POST")
    done = threading.Event()

    def hang() -> None:
        with Http(local, timeout=30) as other, pytest.raises(httpx.RemoteProtocolError):
            post(other)
        done.set()

    thread = threading.Thread(target=hang)
    thread.start()
    answered = eventually(lambda: len(local.entries()) == 1) and len(listed(http)) == 1
    local.reset()
    thread.join(10)

    assert answered
    assert done.is_set()


def test_a_reset_forgets_late_commits(local: LocalKeito, http: Http) -> None:
    local.faults.late(0.1)
    post(http)

    local.reset()

    assert not eventually(lambda: bool(local.entries()), within=0.3)


def each_fault(local: LocalKeito) -> dict[str, Callable[[], object]]:
    faults = local.faults
    return {
        "drop": faults.drop,
        "error": faults.error,
        "foreign": faults.html,
        "rate_limit": faults.rate_limit,
        "truncated": faults.truncate,
    }


@pytest.mark.parametrize("kind", ["drop", "error", "foreign", "rate_limit", "truncated"])
def test_a_get_can_be_spoiled_too(local: LocalKeito, http: Http, kind: str) -> None:
    each_fault(local)[kind]()

    try:
        answer = http.get("/api/v2/users/me")
        is_right = answer.status_code == 200 and answer.json()["id"] == "usr_ada"
    except (httpx.RemoteProtocolError, ValueError):
        is_right = False

    assert not is_right
    assert http.get("/api/v2/users/me").json()["id"] == "usr_ada"
