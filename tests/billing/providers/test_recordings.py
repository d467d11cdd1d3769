from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from keito.billing import StreamUsage, Usage, usage_of
from keito.billing.usage import totals
from tests.billing.providers.recorded import (
    FOLDER,
    Exchange,
    as_attributes,
    exchanges,
    files,
    total,
)

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="needs the recordings of model traffic in ../shared/traffic"
)

EXPECTED = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read",
    "cache_write_tokens": "cache_write",
    "reasoning_tokens": "reasoning",
}
# The expected numbers are 0 where nothing was said; what was said shows in the provider's own.
SAID_BY = {
    "cache_read_tokens": ("cache_read", "cached", "cacheRead"),
    "cache_write_tokens": ("cache_write", "cache_creation", "cacheWrite"),
    "reasoning_tokens": ("reasoning_tokens", "thoughts", "thinking_tokens"),
}


def read(exchange: Exchange, convert: Callable[[Any], Any] = lambda body: body) -> list[Usage]:
    if exchange.events is None:
        return usage_of(convert(exchange.body))
    stream = StreamUsage()
    for event in exchange.events:
        stream.add(convert(event))
    return usage_of(stream.raw)


def is_unknown(exchange: Exchange) -> bool:
    """Nothing was said, or that an answer took nothing to make."""
    counted = exchange.counted
    return not counted or counted["input_tokens"] == counted["output_tokens"] == 0


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_each_recorded_call_is_read_as_it_was_counted(file: Path) -> None:
    for exchange in exchanges(file):
        usages = read(exchange)

        for ours, theirs in EXPECTED.items():
            known = [n for one in usages if (n := getattr(one, ours)) is not None]
            assert sum(known) == exchange.counted.get(theirs, 0), (exchange.said, ours)


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_what_a_provider_did_not_say_is_unknown(file: Path) -> None:
    for exchange in exchanges(file):
        main = read(exchange)[0]

        said = json.dumps(exchange.said)
        for name in EXPECTED:
            names = SAID_BY.get(name, ("",))
            was_said = not is_unknown(exchange) and any(text in said for text in names)
            assert (getattr(main, name) is not None) == was_said, (said, name)


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_what_was_written_for_an_hour_is_known_where_it_was_said(file: Path) -> None:
    for exchange in exchanges(file):
        main = read(exchange)[0]

        # Nobody wrote for an hour in these, and who tells the two apart says so.
        said = re.search(r'"ephemeral_1h_input_tokens": (\d+)', json.dumps(exchange.said))
        expected = None if said is None else int(said[1])
        assert main.cache_write_1h_tokens == expected, exchange.said


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_all_calls_of_a_file_add_up(file: Path) -> None:
    calls = exchanges(file)

    added = totals([one for exchange in calls for one in read(exchange)])

    expected = total(file)
    for exchange in calls:
        for name, billable in exchange.counted.get("billable_from_iterations", {}).items():
            expected[name] += billable - (exchange.expected or {})[name]
    assert {name: added.get(name, 0) for name in EXPECTED} == {
        ours: expected[theirs] for ours, theirs in EXPECTED.items()
    }
    assert added.get("incomplete", 0) == sum(is_unknown(exchange) for exchange in calls)


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_objects_with_attributes_are_read_like_parsed_json(file: Path) -> None:
    for exchange in exchanges(file):
        assert read(exchange, as_attributes) == read(exchange)


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_a_reported_cost_is_what_was_written(file: Path) -> None:
    for exchange in exchanges(file):
        cost = read(exchange)[0].reported_cost_usd

        expected = exchange.counted.get("reported_cost_usd")
        assert cost == (None if expected is None else Decimal(str(expected)))


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_a_second_model_inside_one_answer_is_its_own(file: Path) -> None:
    for exchange in exchanges(file):
        usages = {one.model: one for one in read(exchange)}

        iterations = exchange.counted.get("iterations", [])
        others = {one["model"] for one in iterations if one["model"]}
        assert len(usages) == 1 + len(others)
        for one in iterations:
            if one["model"]:
                assert usages[one["model"]].input_tokens == one["input_tokens"]
                assert usages[one["model"]].output_tokens == one["output_tokens"]


def test_all_recordings_are_read() -> None:
    assert len(files()) == 45
