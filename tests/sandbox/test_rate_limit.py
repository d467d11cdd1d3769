"""Too many requests: off by default, by minute and by day when asked for."""

from __future__ import annotations

import pytest

from keito.sandbox import Problem
from keito.sandbox.rate_limit import RateLimit
from keito.testing import LocalKeito, sandbox
from tests.sandbox.http import Http, error

ME = "/api/v2/users/me"


class Seconds:
    """A time that goes on when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_there_is_no_limit_by_default(admin: Http) -> None:
    assert {admin.get(ME).status_code for _ in range(70)} == {200}


def test_one_request_too_many_is_told_how_long_to_wait() -> None:
    with sandbox(requests_per_minute=3) as local, Http(local) as admin:
        answers = [admin.get(ME) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert error(answers[3]) == (429, "too many requests")
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60


def test_each_key_has_its_own_limit(local: LocalKeito, admin: Http, agent: Http) -> None:
    local.limit_requests(per_minute=1)

    assert [admin.get(ME).status_code, admin.get(ME).status_code] == [200, 429]
    assert agent.get(ME).status_code == 200


def test_a_limit_can_be_taken_away(local: LocalKeito, admin: Http) -> None:
    local.limit_requests(per_minute=1)
    admin.get(ME)

    local.limit_requests()

    assert admin.get(ME).status_code == 200


def test_after_the_wait_it_goes_on() -> None:
    time = Seconds()
    limit = RateLimit(per_minute=2, time=time)
    limit.count("a")
    time.now = 59.5
    limit.count("a")

    with pytest.raises(Problem) as refused:
        limit.count("a")
    assert refused.value.headers == {"Retry-After": "1"}
    time.now = 60.0
    limit.count("a")


def test_the_longer_wait_of_two_full_limits_is_told() -> None:
    limit = RateLimit(per_minute=1, per_day=1, time=Seconds())
    limit.count("a")

    with pytest.raises(Problem) as refused:
        limit.count("a")

    assert refused.value.headers == {"Retry-After": "86400"}


def test_a_refused_request_is_not_counted() -> None:
    time = Seconds()
    limit = RateLimit(per_minute=1, per_day=2, time=time)
    limit.count("a")
    with pytest.raises(Problem):
        limit.count("a")
    time.now = 60.0

    limit.count("a")
