"""Silence is never how an outage looks: what is said of one, and what the status shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.billing.sending import PATIENCE, recorder_to


@pytest.fixture
def recorder(local: LocalKeito, tmp_path: Path) -> Iterator[Recorder]:
    made = recorder_to(local, tmp_path, requests_per_minute=6000)
    yield made
    made.close(1)


def test_an_outage_is_said_when_it_begins_and_counted_and_said_when_it_is_over(
    recorder: Recorder, local: LocalKeito, caplog: pytest.LogCaptureFixture
) -> None:
    # Pauses are a hundredth of what they are otherwise: this is an outage of minutes.
    with local.outage():
        with recorder.run("agent"):
            pass
        recorder.flush(3.0)
        during = [record.getMessage() for record in caplog.records]
    left = recorder.flush(PATIENCE)

    said = [record.getMessage() for record in caplog.records]
    assert left == 0
    assert ["can't take records now" in text for text in during] == [True, True]
    assert "(10 times so far)" in during[1]
    (after,) = [text for text in said if text not in during]
    assert after.startswith("keito: Keito takes records again, after ")


def test_the_status_shows_an_outage_while_it_lasts(recorder: Recorder, local: LocalKeito) -> None:
    with local.outage():
        for _ in range(3):
            with recorder.run("agent"):
                pass
        recorder.flush(0.5)

        status = recorder.status()

    assert (status.records, status.undelivered) == ({"READY": 3}, 3)
    assert status.oldest_age is not None
    assert status.oldest_age > 0
    assert status.last_error == "not sent, ConnectError"
    assert status.holds == ()
    assert status.durable is recorder._recording.opened().durable
    assert status.forecast is not None


def test_the_status_is_clean_again_when_it_is_over(recorder: Recorder, local: LocalKeito) -> None:
    with local.outage():
        with recorder.run("agent"):
            pass
        recorder.flush(0.3)

    assert recorder.flush(PATIENCE) == 0
    status = recorder.status()
    assert (status.undelivered, status.oldest_age, status.last_error) == (0, None, None)
    assert status.records == {"DONE": 1}


def test_a_second_outage_is_said_as_the_first_was(
    recorder: Recorder, local: LocalKeito, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        with local.outage():
            with recorder.run("agent"):
                pass
            recorder.flush(0.3)
        recorder.flush(PATIENCE)

    said = [record.getMessage() for record in caplog.records]
    assert len([text for text in said if text.endswith("kept meanwhile")]) == 2
