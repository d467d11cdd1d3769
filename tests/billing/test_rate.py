"""Our own limit on requests: no window of time ever has more, and nothing is lost by waiting."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito.billing import Recorder, Timing
from keito.billing.delivery import Delivery
from keito.billing.rate import Rate, forecast
from keito.testing import LocalKeito
from tests.billing.sending import FAST, recorder_to


@given(
    pauses=st.lists(st.floats(0, 90), max_size=60),
    per_minute=st.integers(1, 5),
    per_day=st.none() | st.integers(1, 20),
)
def test_no_minute_and_no_day_has_more_requests_than_allowed(
    pauses: list[float], per_minute: int, per_day: int | None
) -> None:
    rate, now, made = Rate(per_minute=per_minute, per_day=per_day), 1_000_000.0, list[float]()

    for pause in pauses:
        now += pause + rate.wait(now + pause)
        rate.count(now)
        made.append(now)

    for at in made:
        assert sum(at <= other < at + 59.9 for other in made) <= per_minute
        assert per_day is None or sum(at <= o < at + 86_399.9 for o in made) <= per_day


def test_without_a_limit_nothing_waits() -> None:
    rate = Rate(per_minute=None, per_day=None)
    for _ in range(1000):
        rate.count(0.0)

    assert rate.wait(0.0) == 0.0


@pytest.mark.parametrize(
    ("records", "per_minute", "per_day", "seconds"),
    [
        (0, 50, None, 0),
        (50, 50, None, 0),
        (51, 50, None, 60),
        (1000, 50, None, 19 * 60),
        (1000, 50, 400, 2 * 86_400),
        (1000, None, None, None),
    ],
)
def test_how_long_it_takes_is_told_from_how_much_there_is(
    records: int, per_minute: int | None, per_day: int | None, seconds: float | None
) -> None:
    assert forecast(records, per_minute=per_minute, per_day=per_day) == seconds


def test_every_request_of_a_courier_counts_and_the_rest_waits(
    local: LocalKeito, tmp_path: Path
) -> None:
    recorder = recorder_to(local, tmp_path, courier="external")
    for _ in range(5):
        with recorder.run("agent"):
            pass
    clock = [1_000_000.0]
    delivery = Delivery(
        recorder._recording.opened(),
        recorder.destination,
        owner="me",
        timing=replace(FAST, requests_per_minute=3),
        clock=lambda: clock[0],
        monotonic=lambda: clock[0],
    )

    local.faults.error(502, committed=True, times=1, method="POST")
    sent = []
    for _ in range(6):
        steps(delivery, clock)
        sent.append(len(local.requests()))
        clock[0] += 30.0

    assert sent[0] == 3
    assert all(b - a <= 3 for a, b in zip(sent, sent[2:], strict=False))
    assert len(local.requests("POST")) == 5
    assert recorder.status().records == {"DONE": 5}
    delivery.close()
    recorder.close(0)


def steps(delivery: Delivery, clock: list[float]) -> None:
    """Do what there is to do now, within ten seconds."""
    end = clock[0] + 10.0
    while clock[0] < end:
        clock[0] += max(0.01, min(delivery.step(), 1.0))


def test_a_recorder_says_how_long_its_records_will_take(local: LocalKeito, tmp_path: Path) -> None:
    recorder = recorder_to(local, tmp_path, courier="external", requests_per_minute=2)
    for _ in range(5):
        with recorder.run("agent"):
            pass

    assert recorder.status().forecast == 120.0
    recorder.close(0)


@pytest.mark.parametrize("limit", [{"requests_per_minute": 0}, {"requests_per_day": -1}])
def test_a_limit_that_allows_nothing_is_refused(limit: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="requests_per"):
        Recorder(
            requests_per_minute=limit.get("requests_per_minute"),
            requests_per_day=limit.get("requests_per_day"),
        )


@pytest.mark.parametrize("limit", [{"requests_per_minute": 10}, {"requests_per_day": 10}])
def test_a_limit_that_would_be_overruled_fails_where_it_is_given(limit: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="requests_per_minute"):
        Recorder(timing=Timing(**limit))
