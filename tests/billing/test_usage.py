from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito.billing import Usage
from keito.billing.usage import TOKENS, totals

counts = st.none() | st.integers(0, 10**12)
usages = st.none() | st.builds(
    Usage,
    input_tokens=counts,
    output_tokens=counts,
    cache_read_tokens=counts,
    cache_write_tokens=counts,
    reasoning_tokens=counts,
    reported_cost_usd=st.none() | st.decimals(0, 100, places=6),
)


def test_unknown_is_not_zero() -> None:
    total = totals([Usage(input_tokens=0, output_tokens=0)])

    assert total["input_tokens"] == 0
    assert "cache_read_tokens" not in total


def test_a_call_whose_usage_nobody_knows_makes_the_total_incomplete() -> None:
    total = totals([Usage(input_tokens=3, output_tokens=4), None, Usage(input_tokens=5)])

    assert total == {"calls": 3, "input_tokens": 8, "output_tokens": 4, "incomplete": 2}


def test_a_cost_is_only_a_total_when_every_call_reported_one() -> None:
    reported = Usage(input_tokens=1, output_tokens=1, reported_cost_usd=Decimal("0.10"))

    assert totals([reported, reported])["cost_usd"] == "0.20"
    assert "cost_usd" not in totals([reported, Usage(input_tokens=1, output_tokens=1)])


def test_what_is_no_count_is_unknown() -> None:
    words: Any = "7"
    odd = Usage(input_tokens=-1, output_tokens=words)

    assert totals([odd]) == {"calls": 1, "incomplete": 1}


@given(usages)
def test_usage_is_a_value(usage: Usage | None) -> None:
    said = usage or Usage(model="m", provider="p")

    copies = [pickle.loads(pickle.dumps(said)), copy.deepcopy(said), replace(said)]

    assert {said, *copies} == {said}
    assert replace(said, model="other") != said


def test_usage_can_not_be_changed() -> None:
    said: Any = Usage(model="m")

    with pytest.raises(FrozenInstanceError):
        said.model = "other"


def test_what_is_no_name_is_unknown_in_a_dataclass_of_ones_own_as_well() -> None:
    @dataclass(frozen=True, kw_only=True)
    class OfMine(Usage):
        region: str = ""

    nothing: Any = object()
    said = OfMine(model=nothing, provider="p", region="eu")

    assert (said.model, said.provider, said.region) == (None, "p", "eu")


@given(st.lists(usages), st.randoms(use_true_random=False))
def test_the_order_of_calls_changes_nothing(said: list[Usage | None], random: Random) -> None:
    shuffled = list(said)
    random.shuffle(shuffled)

    assert totals(shuffled) == totals(said)


@given(st.lists(usages))
def test_totals_are_what_was_said(said: list[Usage | None]) -> None:
    total = totals(said)

    for name in TOKENS:
        known = [n for usage in said if usage and (n := getattr(usage, name)) is not None]
        assert total.get(name) == (sum(known) if known else None)
