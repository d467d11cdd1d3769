"""Silence is never how an outage looks: what is said of one, and what the status shows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keito.billing import Recorder, _log
from keito.testing import LocalKeito
from tests.billing.sending import FAST, PATIENCE, recorder_to
from tests.billing.test_harmless import wait_until


@pytest.fixture
def recorder(local: LocalKeito, tmp_path: Path) -> Iterator[Recorder]:
    # On a busy machine an answer that comes late is not an outage.
    timing = replace(FAST, timeout=PATIENCE)
    made = recorder_to(local, tmp_path, timing=timing, requests_per_minute=6000)
    yield made
    made.close(1)


def said_of_it(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings of an outage so far."""
    said = [record.getMessage() for record in caplog.records]
    return [text for text in said if "can't take records now" in text]


def test_an_outage_is_said_when_it_begins_and_counted_and_said_when_it_is_over(
    recorder: Recorder, local: LocalKeito, caplog: pytest.LogCaptureFixture
) -> None:
    # Pauses are a hundredth of what they are otherwise: this is an outage of minutes.
    with local.outage():
        with recorder.run("agent"):
            pass
        wait_until(lambda: len(said_of_it(caplog)) == 2)
        during = [record.getMessage() for record in caplog.records]
    left = recorder.flush(PATIENCE)

    said = [record.getMessage() for record in caplog.records]
    assert left == 0
    assert during == said_of_it(caplog)
    assert "(10 times so far)" in during[1]
    (after,) = [text for text in said if text not in during]
    assert after.startswith("keito: Keito takes records again, after ")


def test_the_status_shows_an_outage_while_it_lasts(recorder: Recorder, local: LocalKeito) -> None:
    with local.outage():
        for _ in range(3):
            with recorder.run("agent"):
                pass
        wait_until(lambda: recorder.status().last_error is not None)
        wait_until(lambda: recorder.status().records == {"READY": 3})  # none is on its way
        wait_until(lambda: recorder.status().unfiled == 0)

        status = recorder.status()

    assert status.undelivered == 3
    assert status.oldest_age is not None
    assert status.oldest_age > 0
    assert status.last_error == "not sent, ConnectError"
    assert status.holds == ()
    assert status.durable is recorder._recording.opened().durable
    assert status.forecast is not None


def test_an_agent_that_has_seeded_its_random_numbers_draws_the_same_in_an_outage(
    recorder: Recorder, local: LocalKeito
) -> None:
    before = random.getstate()
    with local.outage():
        with recorder.run("agent"):
            pass
        wait_until(lambda: _log.counts["unreachable"] >= 3)
        after = random.getstate()

    assert after == before


def test_the_status_is_clean_again_when_it_is_over(recorder: Recorder, local: LocalKeito) -> None:
    with local.outage():
        with recorder.run("agent"):
            pass
        wait_until(lambda: recorder.status().last_error is not None)

    assert recorder.flush(PATIENCE) == 0
    status = recorder.status()
    assert (status.undelivered, status.oldest_age, status.last_error) == (0, None, None)
    assert status.records == {"DONE": 1}


def test_the_status_is_clean_when_a_lost_answer_turns_out_to_have_been_given(
    recorder: Recorder, local: LocalKeito
) -> None:
    local.faults.drop(times=1, method="POST", path="/api/v2/time_entries")

    with recorder.run("agent"):
        pass

    assert recorder.flush(PATIENCE) == 0
    assert len(local.requests("POST")) == 1
    assert recorder.status().last_error is None


def test_a_second_outage_is_said_as_the_first_was(
    recorder: Recorder, local: LocalKeito, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        with local.outage():
            with recorder.run("agent"):
                pass
            # Fewer failures in a row are an accident, whose end is not told.
            wait_until(lambda: _log.counts["unreachable"] >= 3)
        recorder.flush(PATIENCE)

    said = [text for text in said_of_it(caplog) if text.endswith("kept meanwhile")]
    assert len(said) == 2
