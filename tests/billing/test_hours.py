from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import ROUND_HALF_EVEN, ROUND_UP, Context, Decimal, Inexact, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito.billing import Contract
from keito.billing.hours import HOUR, LONGEST, SECOND, counted, seconds, split, zone
from keito.billing.run_facts import RunFacts

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]


def moment(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, *, where: str = "UTC"
) -> int:
    when = datetime(year, month, day, hour, minute, tzinfo=zone(where))
    return int(when.timestamp()) * SECOND


def test_a_run_within_a_day_is_one_part() -> None:
    (part,) = split(moment(2026, 3, 5, 10), HOUR // 2, [(0, HOUR // 2)], zone("UTC"))

    assert (part.day, part.hours) == (date(2026, 3, 5), Decimal("0.500000"))


def test_a_host_that_calculates_with_few_digits_changes_no_hours() -> None:
    contract = Contract(max_hours_per_run="7.1234")
    elapsed = 8 * HOUR + 1_234_567

    with localcontext(Context(prec=3, rounding=ROUND_UP, traps=[Inexact])):
        time = counted({"status": "ok", "elapsed": elapsed}, contract, capped=True)
        (part,) = split(moment(2026, 3, 5), elapsed, time.intervals, zone("UTC"))
        raw = seconds(elapsed)

    assert (part.hours, part.counted) == (Decimal("7.123400"), 25_644_240_000)
    assert raw == Decimal("28801.234567")


def test_midnight_is_that_of_the_contracts_time_zone() -> None:
    start = moment(2026, 3, 5, 22, 30)

    (in_utc,) = split(start, HOUR, [(0, HOUR)], zone("UTC"))
    before, after = split(start, HOUR, [(0, HOUR)], zone("Europe/Berlin"))

    assert in_utc.day == date(2026, 3, 5)
    assert (before.day, before.hours) == (date(2026, 3, 5), Decimal("0.500000"))
    assert (after.day, after.hours) == (date(2026, 3, 6), Decimal("0.500000"))


@pytest.mark.parametrize(
    ("day", "hours"), [((2026, 3, 29), ["23.000000"]), ((2026, 10, 25), ["24.000000", "1.000000"])]
)
def test_days_of_23_and_25_hours_are_booked_as_they_are(
    day: tuple[int, int, int], hours: list[str]
) -> None:
    start = moment(*day, where="Europe/Berlin")
    end = moment(day[0], day[1], day[2] + 1, where="Europe/Berlin")

    parts = split(start, end - start, [(0, end - start)], zone("Europe/Berlin"))

    assert [str(part.hours) for part in parts] == hours
    assert {part.day for part in parts} == {date(*day)}


def test_a_day_without_counted_time_has_no_entry_of_its_own() -> None:
    start = moment(2026, 3, 5, 23)

    parts = split(start, 30 * HOUR, [(0, HOUR), (26 * HOUR, 30 * HOUR)], zone("UTC"))

    assert [(part.day.day, part.counted // HOUR) for part in parts] == [(5, 1), (7, 4)]
    assert parts[0].end == parts[1].start


def test_a_run_without_counted_time_still_has_an_entry() -> None:
    (part,) = split(moment(2026, 3, 5, 23), 3 * HOUR, [], zone("UTC"))

    assert (part.day.day, part.hours) == (5, Decimal(0))


@given(
    st.integers(moment(2025, 1, 1), moment(2027, 1, 1)),
    st.integers(0, 100 * HOUR),
    st.lists(st.tuples(st.integers(0, 100 * HOUR), st.integers(0, 100 * HOUR)), max_size=5),
    st.sampled_from(ZONES),
)
def test_parts_add_up_to_the_whole_exactly(
    start: int, elapsed: int, pauses: list[tuple[int, int]], where: str
) -> None:
    result: RunFacts = {"status": "ok", "elapsed": elapsed, "pauses": [list(p) for p in pauses]}
    intervals = counted(result, Contract(), capped=False).intervals
    whole = sum(end - begin for begin, end in intervals)

    parts = split(start, elapsed, intervals, zone(where))

    rounded = (Decimal(whole) / HOUR).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)
    assert sum(part.hours for part in parts) == rounded
    assert sum(part.counted for part in parts) == whole
    assert sum(part.end - part.start for part in parts) == elapsed
    for part in parts:
        assert part.counted <= LONGEST
        assert 0 <= part.hours <= 24
        assert (
            datetime.fromtimestamp(part.start / SECOND, timezone.utc).astimezone(zone(where)).date()
            <= part.day
        )


def test_what_exceeds_the_longest_run_is_not_counted() -> None:
    result: RunFacts = {"status": "ok", "elapsed": 10 * HOUR}

    capped = counted(result, Contract(), capped=True)

    assert (capped.intervals, capped.capped) == ([(0, 8 * HOUR)], True)


def test_a_run_as_long_as_allowed_is_not_capped() -> None:
    result: RunFacts = {"status": "ok", "elapsed": 8 * HOUR}

    assert not counted(result, Contract(), capped=True).capped


def test_active_time_is_that_of_model_and_tool_calls() -> None:
    result: RunFacts = {
        "status": "ok",
        "elapsed": 100,
        "active": [[10, 30], [20, 40], [90, 100]],
        "pauses": [[35, 95]],
    }

    time = counted(result, Contract(time_basis="active"), capped=True)

    assert (time.intervals, time.basis) == ([(10, 35), (95, 100)], "active")


def test_without_any_activity_the_wall_time_counts_and_it_says_so() -> None:
    result: RunFacts = {"status": "ok", "elapsed": 100}

    time = counted(result, Contract(time_basis="active"), capped=True)

    assert (time.intervals, time.basis) == ([(0, 100)], "wall")
