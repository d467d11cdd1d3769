"""`log_time`: within the developer's limits, and never beside time that is charged anyway."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from keito import tools
from keito.billing import Contract, Recorder
from keito.testing import LocalKeito
from keito.tools import TimeRules
from tests.tools.claiming import recorder_to, use

RULES = TimeRules(most="1.5", per_day=4)
BILLED = TimeRules(most="1.5", per_day=4, billable=True)
SAID = {"hours": 1.5, "summary": "Read the contract. www.evil.com"}


@pytest.fixture
def by_outcome(keito: LocalKeito) -> Iterator[Recorder]:
    """A recorder whose runs are not charged by time."""
    recorder = recorder_to(keito, Contract(charge="outcomes"))
    yield recorder
    recorder.close(5)


def told(recorder: Recorder, keito: LocalKeito) -> list[dict[str, Any]]:
    """The time that Keito was told, oldest first."""
    assert recorder.flush(20) == 0
    return [e for e in keito.entries() if e["metadata"].get("time_basis") == "told"]


def log(recorder: Recorder, *said: Any, rules: TimeRules = RULES) -> list[str]:
    """Have the model log time within one run; each with its own call id."""
    tool = tools.log_time(rules)
    with recorder.run("clerk") as run:
        return [use(tool, one, run, f"call_{number}") for number, one in enumerate(said)]


def test_time_is_recorded_and_not_billable(by_outcome: Recorder, keito: LocalKeito) -> None:
    answers = log(by_outcome, SAID)

    (entry,) = told(by_outcome, keito)
    assert answers == ["Recorded: 1.50 hours."]
    assert (Decimal(str(entry["hours"])), entry["billable"]) == (Decimal("1.5"), False)
    assert entry["metadata"]["evidence"] == {
        "claimed_by": "model",
        "summary": "Read the contract.",
    }
    assert "contract" not in entry["notes"]


def test_time_is_billable_if_the_developer_says_so(by_outcome: Recorder, keito: LocalKeito) -> None:
    log(by_outcome, SAID, rules=BILLED)

    (entry,) = told(by_outcome, keito)
    assert entry["billable"] is True


def test_a_model_can_not_make_time_billable(by_outcome: Recorder, keito: LocalKeito) -> None:
    log(by_outcome, {**SAID, "billable": True, "per_day": 24, "project_id": "prj_other"})

    (entry,) = told(by_outcome, keito)
    assert (entry["billable"], entry["project_id"]) == (False, keito.project_id)


@pytest.mark.parametrize("charge", ["time", "both"])
def test_in_a_run_that_is_charged_by_time_it_is_refused(charge: Any, keito: LocalKeito) -> None:
    recorder = recorder_to(keito, Contract(charge=charge))

    answers = log(recorder, SAID)

    assert answers == ["Nothing was recorded: this work is charged by the time it takes."]
    assert told(recorder, keito) == []
    recorder.close(5)


@pytest.mark.parametrize(
    "hours", [0, -1, "0.009", 1.51, 24, 1e300, "1e999999", 10**50, "1.5000000000000000000000001"]
)
def test_hours_beyond_the_limit_are_refused(
    hours: Any, by_outcome: Recorder, keito: LocalKeito
) -> None:
    answers = log(by_outcome, {**SAID, "hours": hours})

    assert answers == ["Nothing was recorded: hours: at least 0.01 and at most 1.5."]
    assert told(by_outcome, keito) == []


@pytest.mark.parametrize("hours", ["nan", float("inf"), "swordfish", None, [], {}])
def test_what_is_no_number_is_explained(hours: Any, by_outcome: Recorder) -> None:
    (answer,) = log(by_outcome, {**SAID, "hours": hours})

    assert answer.startswith("Nothing was recorded. hours: ")
    assert "swordfish" not in answer


def test_hours_are_never_rounded_up(by_outcome: Recorder, keito: LocalKeito) -> None:
    log(by_outcome, {**SAID, "hours": 0.339})

    (entry,) = told(by_outcome, keito)
    assert Decimal(str(entry["hours"])) == Decimal("0.33")


def test_what_exceeds_the_day_is_recorded_and_not_charged(
    by_outcome: Recorder, keito: LocalKeito
) -> None:
    log(by_outcome, *[{**SAID, "hours": hours} for hours in (1.5, 1.5, 1.5)], rules=BILLED)
    log(by_outcome, {**SAID, "hours": 1}, rules=BILLED)

    found = told(by_outcome, keito)
    charged = sum(Decimal(str(entry["hours"])) for entry in found if entry["billable"])
    assert [entry["metadata"].get("capped") for entry in found] == [None, None, True, None]
    assert charged == 4


def test_the_same_call_twice_is_logged_once(by_outcome: Recorder, keito: LocalKeito) -> None:
    tool = tools.log_time(RULES)

    with by_outcome.run("clerk") as run:
        for _ in range(2):
            use(tool, SAID, run, "call_1")

    assert len(told(by_outcome, keito)) == 1


def test_outside_a_billed_run_no_time_is_logged() -> None:
    answer = use(tools.log_time(RULES), SAID, None)

    assert answer == "Nothing was recorded: no billed run is open."
