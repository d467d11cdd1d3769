"""Whatever a provider sends: nothing is raised, nothing is guessed."""

from __future__ import annotations

import decimal
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito.billing import StreamUsage, Usage, _log, usage_of
from keito.billing.usage import TOKENS, totals
from tests.billing.providers.test_shapes import SHAPES

# Every name of every shape, so that what hypothesis makes of them is read and not passed over.
NAMES = sorted(
    {"model", "usage", "choices", "type", "iterations", "usage_breakdown", "models", "message"}
    | {name for raw, _ in SHAPES.values() for name in raw}
    | {
        name
        for raw, _ in SHAPES.values()
        for v in raw.values()
        if isinstance(v, dict)
        for name in v
    }
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary()
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=20,
)
objects = st.dictionaries(st.sampled_from(NAMES), anything, max_size=8)


class Broken:
    """An object whose fields can't be looked at."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(name)


@given(anything | objects)
def test_nothing_is_raised_and_no_number_is_impossible(raw: Any) -> None:
    before = _log.counts.total()

    usages = usage_of(raw, provider="p")

    # A failure would have been caught and logged, and the usage been lost.
    assert usages
    assert _log.counts.total() == before
    for one in usages:
        counts = [getattr(one, name) for name in TOKENS]
        assert all(n is None or (type(n) is int and n >= 0) for n in counts)
        assert one.reported_cost_usd is None or one.reported_cost_usd >= 0


@given(st.lists(anything | objects, max_size=6))
def test_no_stream_of_events_raises(events: list[Any]) -> None:
    stream, before = StreamUsage(), _log.counts.total()

    for event in events:
        stream.add(event)

    assert usage_of(stream.raw)
    assert _log.counts.total() == before


@given(st.lists(objects, max_size=6), st.randoms(use_true_random=False))
def test_calls_add_up_to_the_same_in_any_order(raws: list[Any], random: Random) -> None:
    usages = [one for raw in raws for one in usage_of(raw)]
    shuffled = random.sample(usages, len(usages))

    total = totals(shuffled)

    assert total == totals(usages)
    assert total.get("incomplete", 0) == sum(not one.complete for one in usages)


@given(st.sampled_from(sorted(SHAPES)), st.sampled_from([None, "7", -1, 1.5, True, [], 2**70]))
def test_a_field_that_is_no_count_is_one_that_was_not_sent(shape: str, odd: object) -> None:
    raw = SHAPES[shape][0]

    for name, value in raw.items():
        if type(value) is int:
            without = {key: raw[key] for key in raw if key != name}
            assert usage_of({**raw, name: odd}) == usage_of({**without, name: None})


def test_objects_that_break_are_unknown() -> None:
    stream = StreamUsage()

    stream.add(Broken())

    assert usage_of(Broken(), provider="p", model="m") == [Usage(provider="p", model="m")]
    assert usage_of(stream.raw) == [Usage()]


@pytest.mark.parametrize("raw", [None, {}, [], "usage", 7, {"usage": None}, {"error": {}}])
def test_no_usage_is_unknown(raw: object) -> None:
    assert usage_of(raw, provider="p", model="m") == [Usage(provider="p", model="m")]


def test_an_answer_that_took_nothing_to_make_is_unknown() -> None:
    usage = {
        "input_tokens": 0,
        "output_tokens": 0,
        "output_tokens_details": {"reasoning_tokens": 0},
    }

    assert usage_of({"model": "m", "usage": usage}) == [Usage(model="m")]


def test_zero_beside_a_number_is_zero() -> None:
    assert usage_of({"input_tokens": 9, "output_tokens": 0}) == [
        Usage(input_tokens=9, output_tokens=0)
    ]


def test_parts_above_their_whole_are_left_as_they_were_said() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 12},
        "completion_tokens_details": {"reasoning_tokens": 8},
    }

    assert usage_of(usage) == [
        Usage(input_tokens=10, output_tokens=5, cache_read_tokens=12, reasoning_tokens=8)
    ]


def test_a_host_that_rounds_to_a_few_digits_rounds_no_bill() -> None:
    usage = {
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "cost": 0.012345,
        "is_byok": True,
        "cost_details": {"upstream_inference_cost": 1.123456},
    }

    with decimal.localcontext(decimal.Context(prec=3)):
        (one,) = usage_of(usage)
        total = totals([one, one])

    assert one.reported_cost_usd == Decimal("1.135801")
    assert total["cost_usd"] == "2.271602"
