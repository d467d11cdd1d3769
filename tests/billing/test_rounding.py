from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_UP, Context, Decimal, Inexact, localcontext
from typing import Any, cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keito.billing import Contract
from keito.billing.entry import Entry, run_entries
from keito.billing.hours import HOUR, LONGEST, SECOND, Part, hours, seconds, split, zone
from keito.billing.rounding import rounded
from keito.billing.run_facts import RunFacts, StartFacts, TargetFacts
from tests.billing.conftest import MakeRecorder
from tests.billing.test_hours import ZONES, moment

MINUTE = 60 * SECOND
SIX = timedelta(minutes=6)
MICROSECOND = timedelta(microseconds=1)

times = st.timedeltas(MICROSECOND, timedelta(days=1)) | st.sampled_from(
    [timedelta(minutes=n) for n in (1, 6, 7, 15, 60, 7 * 60, 24 * 60)]
)
starts = st.integers(moment(2025, 1, 1), moment(2027, 1, 1))


def started(at: int, target: TargetFacts) -> StartFacts:
    """A run's beginning."""
    return {
        "run": f"run-{at}",
        "name": "agent",
        "framework": "python",
        "target": target,
        "parent": None,
        "contract": "contract",
        "mode": "live",
        "destination": "d",
        "account": "acc",
        "sdk": "keito-python/0",
        "at": at,
    }


class Filed:
    """Entries, one run after the other, as filing makes them."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.entries: list[Entry] = []

    def add(self, at: int, elapsed: int, *, status: str = "ok", **other: str) -> list[Entry]:
        """File a run; return its entries."""
        result: RunFacts = {"status": status, "elapsed": elapsed}
        target = cast("TargetFacts", {"project_id": "prj", "task_id": "tsk", **other})
        made = run_entries(started(at, target), result, self.contract, tallied=self.tally)
        self.entries += made
        return made

    def tally(self, name: str) -> int:
        """What is filed under a name."""
        return sum(entry.amount for entry in self.entries if entry.tally == name)


def whole(parts: list[Part]) -> int:
    """What is charged of a run."""
    return sum(part.counted + part.rounding for part in parts)


def rounded_run(start: int, elapsed: int, contract: Contract) -> list[Part]:
    """Round a run that nothing interrupted."""
    parts = split(start, elapsed, [(0, elapsed)], zone(contract.time_zone))
    return rounded(parts, contract, lambda day: 0)


def metadata(entry: Entry) -> dict[str, Any]:
    """What an entry says of itself."""
    said = entry.body["metadata"]
    assert isinstance(said, dict)
    return said


def minutes(entries: list[Entry]) -> list[Decimal]:
    """The hours of entries, in minutes."""
    return [Decimal(str(entry.body["hours"])) * 60 for entry in entries]


def counted_seconds(entry: Entry) -> Decimal:
    """What an auditor takes for the time that was worked."""
    said = metadata(entry)
    return Decimal(said.get("seconds_counted", said["seconds_charged"]))


@pytest.mark.parametrize(
    ("worked", "charged"),
    [(0, 0), (1, 6 * MINUTE), (6 * MINUTE, 6 * MINUTE), (6 * MINUTE + 1, 12 * MINUTE)],
)
def test_a_run_is_rounded_up_to_whole_increments(worked: int, charged: int) -> None:
    parts = rounded_run(moment(2026, 3, 5, 10), worked, Contract(increment=SIX))

    assert whole(parts) == charged


@pytest.mark.parametrize(
    ("worked", "charged"),
    [(0, 10 * MINUTE), (1, 10 * MINUTE), (10 * MINUTE, 10 * MINUTE), (601 * SECOND, 601 * SECOND)],
)
def test_every_charged_run_counts_at_least_the_minimum(worked: int, charged: int) -> None:
    parts = rounded_run(moment(2026, 3, 5, 10), worked, Contract(minimum=timedelta(minutes=10)))

    assert whole(parts) == charged


def test_the_minimum_is_rounded_too() -> None:
    contract = Contract(minimum=timedelta(minutes=10), increment=SIX)

    parts = rounded_run(moment(2026, 3, 5, 10), 1, contract)

    assert whole(parts) == 12 * MINUTE


def test_what_is_charged_shows_beside_what_was_worked() -> None:
    (entry,) = Filed(Contract(increment=SIX)).add(moment(2026, 3, 5, 10), 61 * SECOND)

    said = metadata(entry)
    assert entry.body["hours"] == Decimal("0.100000")
    assert (said["seconds_raw"], said["seconds_counted"], said["seconds_charged"]) == (61, 61, 360)


def test_a_run_that_fits_its_increments_says_its_seconds_once() -> None:
    (entry,) = Filed(Contract(increment=SIX)).add(moment(2026, 3, 5, 10), 6 * MINUTE)

    assert metadata(entry)["seconds_charged"] == 360
    assert "seconds_counted" not in metadata(entry)


@pytest.mark.parametrize("per", ["run", "day"])
def test_a_run_that_is_not_charged_is_not_rounded(per: Any) -> None:
    contract = Contract(increment=SIX, minimum=timedelta(hours=1), rounded_per=per)

    (entry,) = Filed(contract).add(moment(2026, 3, 5, 10), 90 * SECOND, status="error")

    assert entry.body["hours"] == Decimal("0.025000")
    assert (metadata(entry)["seconds_charged"], metadata(entry)["seconds_counted"]) == (0, 90)
    assert (entry.tally, entry.amount) == ("", 0)


def test_the_longest_run_is_cut_before_it_is_rounded() -> None:
    contract = Contract(max_hours_per_run=1, increment=timedelta(minutes=7))

    (entry,) = Filed(contract).add(moment(2026, 3, 5, 10), 5 * HOUR)

    assert minutes([entry]) == [63]
    assert metadata(entry)["capped"] is True
    assert metadata(entry)["seconds_counted"] == 3600


def test_a_surplus_goes_to_the_last_part() -> None:
    parts = rounded_run(
        moment(2026, 3, 5, 23, 59), 2 * MINUTE, Contract(increment=timedelta(minutes=15))
    )

    assert [part.hours for part in parts] == [hours(MINUTE), hours(15 * MINUTE) - hours(MINUTE)]


def test_a_surplus_goes_where_there_is_room_below_24_hours() -> None:
    contract = Contract(max_hours_per_run=100, minimum=timedelta(hours=24))
    early = rounded_run(moment(2026, 3, 5, 22), 2 * HOUR + 1, contract)
    contract = Contract(max_hours_per_run=100, increment=timedelta(hours=8))
    full = rounded_run(moment(2026, 3, 5, 23), 25 * HOUR, contract)

    assert [part.counted + part.rounding for part in early] == [2 * HOUR, 22 * HOUR]
    assert [part.counted + part.rounding for part in full] == [8 * HOUR, LONGEST]


def test_days_that_are_full_get_another_entry_for_the_surplus() -> None:
    contract = Contract(max_hours_per_run=24, increment=timedelta(hours=7))

    first, second = Filed(contract).add(moment(2026, 3, 5), 24 * HOUR)

    assert (first.body["hours"], second.body["hours"]) == (24, 4)
    assert metadata(second)["started_at"] == metadata(second)["ended_at"]
    assert [metadata(entry)["part"] for entry in (first, second)] == [1, 2]
    assert first.key != second.key
    assert first.body["spent_date"] == second.body["spent_date"]


def test_a_day_is_rounded_as_a_whole() -> None:
    filed = Filed(Contract(increment=SIX, rounded_per="day"))

    for minute in range(8):
        filed.add(moment(2026, 3, 5, 10, minute), MINUTE)

    assert minutes(filed.entries) == [6, 0, 0, 0, 0, 0, 6, 0]
    assert [metadata(entry)["seconds_counted"] for entry in filed.entries[:7]] == [60] * 7


def test_a_day_with_charged_time_counts_at_least_the_minimum() -> None:
    filed = Filed(Contract(minimum=timedelta(minutes=12), rounded_per="day"))

    for worked in (0, 5, 5, 5):
        filed.add(moment(2026, 3, 5, 10), worked * MINUTE)

    assert minutes(filed.entries) == [0, 12, 0, 3]


def test_each_day_project_task_user_and_contract_is_rounded_by_itself() -> None:
    filed = Filed(Contract(increment=SIX, rounded_per="day"))
    noon = moment(2026, 3, 5, 12)

    filed.add(noon, MINUTE)
    filed.add(noon + 24 * HOUR, MINUTE)
    for other in ({"project_id": "prj2"}, {"task_id": "tsk2"}, {"user_id": "usr"}):
        filed.add(noon, MINUTE, **other)

    assert minutes(filed.entries) == [6] * 5
    assert len({entry.tally for entry in filed.entries}) == 5


def test_two_parts_of_a_run_on_one_day_of_25_hours_are_rounded_together() -> None:
    contract = Contract(
        time_zone="Europe/Berlin",
        max_hours_per_run=25,
        increment=timedelta(minutes=50),
        rounded_per="day",
    )

    filed = Filed(contract)
    filed.add(moment(2026, 10, 25, where="Europe/Berlin"), 25 * HOUR)

    assert {entry.body["spent_date"] for entry in filed.entries} == {"2026-10-25"}
    assert [metadata(e)["seconds_charged"] for e in filed.entries] == [24 * 3600, 600, 3000]
    assert sum(entry.amount for entry in filed.entries) == 25 * HOUR


def test_a_run_past_midnight_counts_towards_both_days() -> None:
    filed = Filed(Contract(increment=SIX, rounded_per="day"))

    filed.add(moment(2026, 3, 5, 23, 58), 4 * MINUTE)
    filed.add(moment(2026, 3, 6, 9), 4 * MINUTE)

    assert minutes(filed.entries) == [6, 6, 0]


def test_a_host_that_calculates_with_few_digits_changes_no_rounding() -> None:
    contract = Contract(max_hours_per_run=100, increment=timedelta(seconds=1234.567891))

    with localcontext(Context(prec=3, rounding=ROUND_UP, traps=[Inexact])):
        parts = rounded_run(moment(2026, 3, 5, 1), 100 * SECOND, contract)

    assert [part.hours for part in parts] == [Decimal("0.342936")]


@given(starts, st.integers(0, 100 * HOUR), times, times, st.sampled_from(ZONES))
def test_parts_add_up_to_the_rounded_run_exactly(
    start: int, elapsed: int, increment: timedelta, minimum: timedelta, where: str
) -> None:
    contract = Contract(
        increment=increment, minimum=minimum, max_hours_per_run=100, time_zone=where
    )

    parts = rounded_run(start, elapsed, contract)

    charged, step = whole(parts), increment // MICROSECOND
    least = max(elapsed, minimum // MICROSECOND)
    assert charged % step == 0
    assert least <= charged < least + step
    assert sum(part.hours for part in parts) == hours(charged)
    assert sum(part.counted for part in parts) == elapsed
    assert all(0 <= part.counted + part.rounding <= LONGEST for part in parts)
    assert all(0 <= part.hours <= 24 for part in parts)


@given(
    st.lists(
        st.tuples(st.integers(0, 4 * 24 * HOUR), st.integers(0, 60 * HOUR), st.booleans()),
        max_size=6,
    ),
    starts,
    st.none() | times,
    st.none() | times,
    st.sampled_from(ZONES),
)
def test_entries_add_up_to_the_rounded_day_exactly_in_any_order(
    runs: list[tuple[int, int, bool]],
    start: int,
    increment: timedelta | None,
    minimum: timedelta | None,
    where: str,
) -> None:
    assume(increment or minimum)
    filed = Filed(
        Contract(
            increment=increment,
            minimum=minimum,
            rounded_per="day",
            max_hours_per_run=60,
            time_zone=where,
        )
    )

    for offset, elapsed, charged in runs:
        filed.add(start + offset, elapsed, status="ok" if charged else "error")

    days: dict[str, list[Entry]] = defaultdict(list)
    for entry in filed.entries:
        assert Decimal(0) <= Decimal(str(entry.body["hours"])) <= 24
        if entry.charged:
            days[str(entry.body["spent_date"])].append(entry)
    for entries in days.values():
        worked = sum(entry.amount for entry in entries)
        least = max(worked, 0 if minimum is None else minimum // MICROSECOND) if worked else 0
        step = 1 if increment is None else increment // MICROSECOND
        expected = -(-least // step) * step
        assert sum(Decimal(str(entry.body["hours"])) for entry in entries) == hours(expected)
        # As an auditor does it, from the metadata alone.
        assert sum(metadata(entry)["seconds_charged"] for entry in entries) == seconds(expected)
        assert sum(map(counted_seconds, entries)) == seconds(worked)


@pytest.mark.parametrize("batches", [1, 3])
def test_a_recorders_runs_share_a_rounded_day(make_recorder: MakeRecorder, batches: int) -> None:
    recorded = make_recorder(contract=Contract(increment=timedelta(hours=1), rounded_per="day"))

    entries = []
    for _ in range(batches):
        for _ in range(3 // batches):
            recorded.recorder.start("agent").finish()
        entries += recorded.entries()

    assert sorted(entry["hours"] for entry in entries) == [0, 0, 1]


def test_a_contract_that_does_not_round_changes_nothing() -> None:
    parts = split(moment(2026, 3, 5), 30 * HOUR, [(0, 30 * HOUR)], zone("UTC"))

    assert rounded(parts, Contract(), lambda day: 1) == parts
    assert parts[0].day == date(2026, 3, 5)
