from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import date
from decimal import Context, Decimal, localcontext
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keito.billing import Contract, Cost, FixedPrices, Price, Usage
from keito.billing.cost import RunCost, run_cost
from keito.billing.run_facts import UsageFacts
from keito.billing.usage import each
from tests.contract import RefusedError

from .conftest import MakeRecorder, Recorded

D = Decimal
DAY = date(2026, 6, 1)
LIST = FixedPrices(
    {
        "small": Price(input="2", output="10"),
        "large": Price(
            input="3",
            output="15",
            cache_read="0.30",
            cache_write="3.75",
            cache_write_1h="6",
            reasoning="20",
        ),
    },
    name="house list",
    version="7",
)
SMALL = Usage(model="small", input_tokens=1000, output_tokens=100)

counts = st.integers(0, 10**9)
known = st.builds(
    Usage,
    model=st.sampled_from(["small", "large"]),
    input_tokens=st.integers(2 * 10**9, 10**12),
    output_tokens=st.integers(10**9, 10**12),
    cache_read_tokens=st.none() | counts,
    cache_write_tokens=st.just(10**9),
    cache_write_1h_tokens=st.none() | counts,
    reasoning_tokens=st.none() | counts,
    reported_cost_usd=st.none() | st.decimals(0, 100, places=9),
).map(
    # The small one has no price for an hour.
    lambda one: one if one.model == "large" else replace(one, cache_write_1h_tokens=None)
)
anything = st.builds(
    Usage,
    model=st.sampled_from([None, "small", "large", "unheard of"]),
    input_tokens=st.none() | st.integers(-5, 50),
    output_tokens=st.none() | st.integers(-5, 50),
    cache_read_tokens=st.none() | st.integers(-5, 50),
    cache_write_tokens=st.none() | st.integers(-5, 50),
    reasoning_tokens=st.none() | st.integers(-5, 50),
    cache_write_1h_tokens=st.none() | st.integers(-5, 50),
    reported_cost_usd=st.none() | st.decimals(-1, 1),
)


def usd(usage: Usage) -> Decimal | None:
    cost = LIST.cost(usage, day=DAY)
    return None if cost is None else cost.usd


def cost_of(*usages: Usage) -> RunCost:
    groups: list[UsageFacts] = [
        {"model": one.model, "calls": 1, "each": each([one])} for one in usages
    ]
    return run_cost(groups, day=DAY, prices=LIST)


def test_a_price_is_for_a_million_tokens() -> None:
    assert LIST.cost(SMALL, day=DAY) == Cost(usd=D("0.003"), source="house list", version="7")


def test_cache_and_reasoning_are_priced_once() -> None:
    usage = Usage(
        model="large",
        input_tokens=1000,
        cache_read_tokens=600,
        cache_write_tokens=300,
        output_tokens=50,
        reasoning_tokens=40,
    )

    plain, read, written = D("0.0003"), D("0.00018"), D("0.001125")
    answer, thought = D("0.00015"), D("0.0008")
    assert usd(usage) == plain + read + written + answer + thought


def test_a_write_for_an_hour_is_priced_once_and_at_its_own_price() -> None:
    usage = Usage(
        model="large",
        input_tokens=1000,
        cache_write_tokens=900,
        cache_write_1h_tokens=600,
        output_tokens=0,
    )

    plain, minutes, hour = D("0.0003"), D("0.001125"), D("0.0036")
    assert usd(usage) == plain + minutes + hour


def test_a_write_for_an_hour_without_a_price_has_no_known_cost() -> None:
    written = replace(SMALL, cache_write_tokens=900, cache_write_1h_tokens=1)

    assert usd(written) is None
    assert usd(replace(written, cache_write_1h_tokens=0)) == usd(SMALL)


def test_what_has_no_price_of_its_own_costs_what_the_rest_costs() -> None:
    usage = replace(SMALL, cache_read_tokens=900, cache_write_tokens=100, reasoning_tokens=100)

    assert usd(usage) == usd(SMALL)


@pytest.mark.parametrize(
    "odd",
    [
        {"model": None},
        {"model": "unheard of"},
        {"input_tokens": None},
        {"output_tokens": None},
        {"input_tokens": -1},
        {"cache_read_tokens": -1},
        {"cache_read_tokens": 1001},
        {"cache_read_tokens": 600, "cache_write_tokens": 401},
        {"reasoning_tokens": 101},
        {"cache_write_tokens": 10, "cache_write_1h_tokens": 11},
        {"cache_write_1h_tokens": 1},
        {"cache_write_1h_tokens": -1},
    ],
    ids=str,
)
def test_what_is_missing_or_contradicts_has_no_known_cost(odd: dict[str, Any]) -> None:
    assert usd(replace(SMALL, **odd)) is None


def test_no_tokens_cost_nothing() -> None:
    assert usd(replace(SMALL, input_tokens=0, output_tokens=0)) == 0


@pytest.mark.parametrize("wrong", [0.1, True, None])
def test_a_price_is_never_a_float(wrong: Any) -> None:
    with pytest.raises(TypeError, match="Price"):
        Price(input=wrong, output=1)
    with pytest.raises(TypeError, match="Cost"):
        Cost(usd=wrong, source="x")


@pytest.mark.parametrize("wrong", ["-1", "NaN", "Infinity", "much"])
def test_a_price_is_a_number_of_0_or_more(wrong: str) -> None:
    with pytest.raises(ValueError, match="Price"):
        Price(input=1, output=wrong)


def test_another_price_is_another_version() -> None:
    lists = [FixedPrices({"m": Price(input=1, output=out)}) for out in (2, 2, 3)]
    usage = Usage(model="m", input_tokens=1, output_tokens=1)

    versions = [cost.version for one in lists if (cost := one.cost(usage, day=DAY))]

    assert versions[0] == versions[1] != versions[2]


@given(anything)
def test_a_cost_is_never_negative(usage: Usage) -> None:
    cost = cost_of(usage).usd

    assert cost is None or cost >= 0


@given(st.lists(known, min_size=1), st.randoms(use_true_random=False))
def test_the_order_of_calls_changes_no_cost(usages: list[Usage], random: Random) -> None:
    shuffled = list(usages)
    random.shuffle(shuffled)

    assert cost_of(*shuffled) == cost_of(*usages)
    assert cost_of(*usages).usd is not None


@given(st.lists(known), anything, st.randoms(use_true_random=False))
def test_one_unknown_call_makes_the_cost_unknown(
    usages: list[Usage], other: Usage, random: Random
) -> None:
    assume(cost_of(other).usd is None)
    place = random.randint(0, len(usages))

    assert cost_of(*usages[:place], other, *usages[place:]) == RunCost(unpriced=1)


@given(known)
def test_a_host_that_calculates_with_few_digits_changes_no_cost(usage: Usage) -> None:
    with localcontext(Context(prec=2)):
        rounded = cost_of(usage, usage)

    assert rounded == cost_of(usage, usage)


def test_what_the_provider_reports_wins() -> None:
    reported = replace(SMALL, reported_cost_usd=D("0.5"))

    assert cost_of(reported) == RunCost(usd=D("0.5"), source="provider")


def test_a_cost_from_two_sources_names_both() -> None:
    cost = cost_of(SMALL, replace(SMALL, reported_cost_usd=D("0.5")))

    assert cost == RunCost(usd=D("0.503"), source="house list+provider", version="7")


def test_a_run_without_calls_has_no_cost() -> None:
    assert cost_of() == RunCost()


def test_a_line_of_before_writes_for_an_hour_were_told_apart_is_still_priced() -> None:
    before = [1000, 100, None, None, None]
    calls: UsageFacts = {"model": "small", "calls": 2, "each": [[*before, None], [*before, "0.5"]]}

    cost = run_cost([calls], day=DAY, prices=LIST)

    assert (cost.usd, cost.source) == (D("0.503"), "house list+provider")


def test_calls_that_are_only_known_together_are_not_priced() -> None:
    together: UsageFacts = {"model": "small", "calls": 3, "input_tokens": 9, "output_tokens": 9}

    assert run_cost([together], day=DAY, prices=LIST) == RunCost(unpriced=3)


def call(recorded: Recorded, *usages: Usage | None) -> None:
    with recorded.recorder.run("agent") as run:
        for number, usage in enumerate(usages):
            run.model_call(usage, key=f"call {number}")


def test_an_entry_says_what_its_calls_cost(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(prices=LIST)

    call(recorded, SMALL, SMALL)

    said = recorded.metadata()
    assert said["cost_usd"] == D("0.006")
    assert (said["cost_source"], said["price_version"]) == ("house list", "7")
    assert "llm_calls_unpriced" not in said


@pytest.mark.parametrize("unknown", [None, replace(SMALL, model="unheard of")])
def test_an_entry_says_how_many_calls_have_no_known_cost(
    make_recorder: MakeRecorder, unknown: Usage | None
) -> None:
    recorded = make_recorder(prices=LIST)

    call(recorded, SMALL, unknown, unknown)

    said = recorded.metadata()
    assert said["llm_calls_unpriced"] == 2
    assert {"cost_usd", "cost_source", "price_version"}.isdisjoint(said)


def test_a_call_that_was_refused_costs_nothing(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(prices=LIST)

    with recorded.recorder.run("agent") as run:
        run.model_start("first", model="small").fail(RefusedError())
        run.model_start("second", model="small").end(SMALL)

    assert recorded.metadata()["cost_usd"] == D("0.003")


def test_each_call_is_priced_by_itself(make_recorder: MakeRecorder) -> None:
    class DearerWhenLong:
        def cost(self, usage: Usage, *, day: date) -> Cost | None:
            return Cost(usd=D(9 if (usage.input_tokens or 0) > 1500 else 1), source="steps")

    recorded = make_recorder(prices=DearerWhenLong())

    call(recorded, SMALL, SMALL)

    assert recorded.metadata()["cost_usd"] == 2


def test_a_run_is_priced_as_of_its_day(make_recorder: MakeRecorder) -> None:
    days: list[date] = []

    class Remembers:
        def cost(self, usage: Usage, *, day: date) -> Cost | None:
            days.append(day)
            return None

    recorded = make_recorder(prices=Remembers())

    call(recorded, SMALL)

    assert recorded.entry()["spent_date"] == days[0].isoformat()


class Broken:
    def __init__(self, answer: object = None) -> None:
        self.answer = answer

    def cost(self, usage: Usage, *, day: date) -> Any:
        if self.answer is None:
            raise RuntimeError("the table of a secret client")
        return self.answer


@pytest.mark.parametrize("answer", [None, 0.1, D(1), "1"])
def test_a_broken_price_list_is_survived_and_said_once(
    make_recorder: MakeRecorder, caplog: pytest.LogCaptureFixture, answer: object
) -> None:
    recorded = make_recorder(prices=Broken(answer))

    with caplog.at_level(logging.WARNING, "keito.billing"):
        call(recorded, SMALL, SMALL, SMALL)
        said = recorded.metadata()

    assert (said["llm_calls"], said["llm_calls_unpriced"]) == (3, 3)
    assert caplog.text.count("pricing a model call failed") == 1
    assert "secret" not in caplog.text


def test_a_cost_can_be_kept_from_keito(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(prices=LIST, contract=Contract(share_cost=False))

    call(recorded, SMALL, replace(SMALL, reported_cost_usd=D("0.25")))

    (record,) = recorded.records()
    assert not any(word in record.payload for word in ("cost", "price", "unpriced", "0.25"))
    assert json.loads(record.cost, parse_float=D) == {
        "cost_usd": D("0.253"),
        "cost_source": "house list+provider",
        "price_version": "7",
    }


def test_the_local_record_has_what_keito_is_told(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(prices=LIST)

    call(recorded, SMALL, None)

    (record,) = recorded.records()
    assert json.loads(record.cost) == {"llm_calls_unpriced": 1}
