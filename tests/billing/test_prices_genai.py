"""The shipped price list; its prices are the providers' own, per million tokens."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from datetime import date
from decimal import Context, Decimal, localcontext
from typing import Any, NoReturn

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito.billing import Usage, genai
from keito.billing.genai import GenaiPrices

D = Decimal
DAY = date(2026, 6, 1)


def usd(model: str, provider: str | None = None, *, day: date = DAY, **tokens: int) -> D | None:
    usage: dict[str, Any] = {"input_tokens": 0, "output_tokens": 0, **tokens}
    cost = GenaiPrices().cost(Usage(model=model, provider=provider, **usage), day=day)
    return None if cost is None else cost.usd


def test_a_cached_input_is_priced_once() -> None:
    # 2.50 for input, 1.25 for cached input, 10 for output.
    cost = usd("gpt-4o", "openai", input_tokens=1000, cache_read_tokens=400, output_tokens=100)

    assert cost == D("0.0015") + D("0.0005") + D("0.001")


def test_a_cache_write_has_its_own_price() -> None:
    # 3 for input, 0.30 for a read and 3.75 for a write, 15 for output.
    cost = usd(
        "claude-sonnet-4-20250514",
        "anthropic",
        input_tokens=10_000,
        cache_read_tokens=5_000,
        cache_write_tokens=4_000,
        output_tokens=1_000,
    )

    assert cost == D("0.003") + D("0.0015") + D("0.015") + D("0.015")


def test_a_write_for_an_hour_has_its_own_price() -> None:
    # 3 for input, 3.75 for a write, 6 for a write for an hour.
    cost = usd(
        "claude-sonnet-4-20250514",
        "anthropic",
        input_tokens=10_000,
        cache_write_tokens=9_000,
        cache_write_1h_tokens=5_000,
    )

    assert cost == D("0.003") + D("0.015") + D("0.03")


def test_a_write_for_an_hour_that_is_listed_without_a_price_is_not_known() -> None:
    # The library would take the price for five minutes.
    model = "anthropic.claude-sonnet-4-20250514-v1:0"
    written: dict[str, Any] = {"input_tokens": 10_000, "cache_write_tokens": 9_000}

    assert usd(model, "aws", **written) is not None
    assert usd(model, "aws", **written, cache_write_1h_tokens=0) is not None
    assert usd(model, "aws", **written, cache_write_1h_tokens=1) is None


def test_nothing_written_is_nothing_written_for_an_hour() -> None:
    read = usd("claude-sonnet-4-20250514", input_tokens=1000, cache_write_1h_tokens=0)

    assert read == D("0.003")


def test_reasoning_is_part_of_the_output() -> None:
    # 2 for input, 8 for output.
    thought = usd("o3", "openai", input_tokens=1000, output_tokens=500, reasoning_tokens=450)

    assert thought == D("0.002") + D("0.004")


def test_a_long_call_is_dearer_and_two_short_ones_are_not() -> None:
    # 1.25 and 10 up to 200,000 input tokens, 2.50 and 15 above.
    short = usd("gemini-2.5-pro", "google", input_tokens=150_000, output_tokens=1000)
    long = usd("gemini-2.5-pro", "google", input_tokens=300_000, output_tokens=1000)

    assert short == D("0.1875") + D("0.01")
    assert long == D("0.75") + D("0.015")


def test_a_call_is_priced_as_of_its_day() -> None:
    # o3 became cheaper on 2025-06-10: from 10 to 2 for input.
    before = usd("o3", "openai", day=date(2025, 6, 9), input_tokens=1_000_000)
    after = usd("o3", "openai", day=date(2025, 6, 10), input_tokens=1_000_000)

    assert (before, after) == (D(10), D(2))


def test_the_names_that_frameworks_give_to_providers_are_understood() -> None:
    names = ["google_genai", "google_vertexai", "gemini"]

    costs = {usd("gemini-2.5-pro", name, input_tokens=1000) for name in names}

    assert costs == {D("0.00125")}


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("unheard-of", None),
        ("gpt-unheard-of", "openai"),
        ("gpt-4o", "a gateway of our own"),
        ("llama3.1", "ollama"),
        ("", "openai"),
    ],
)
def test_an_unknown_model_or_provider_has_no_known_cost(model: str, provider: str | None) -> None:
    assert usd(model, provider, input_tokens=5, output_tokens=5) is None


def test_a_model_that_is_listed_without_a_price_is_not_free() -> None:
    # An embedding model, which has no price for output, and one without any price.
    assert usd("text-embedding-3-small", "azure", input_tokens=50) == D("0.000001")
    assert usd("text-embedding-3-small", "azure", input_tokens=50, output_tokens=1) is None
    assert usd("qwen-3-coder-480b", "cerebras", input_tokens=50, output_tokens=5) is None


def test_a_price_that_depends_on_the_hour_is_not_known() -> None:
    # Cheaper at night, and a day is all that is known of the call.
    assert usd("deepseek-chat", "deepseek", input_tokens=1000, output_tokens=10) is None


def test_what_contradicts_has_no_known_cost() -> None:
    assert usd("gpt-4o", "openai", input_tokens=10, cache_read_tokens=11) is None
    assert usd("gpt-4o", "openai", output_tokens=10, reasoning_tokens=11) is None


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_it_agrees_with_the_price_list_to_the_last_digit(new: int, cached: int, out: int) -> None:
    with localcontext(Context(prec=3)):
        cost = usd(
            "gpt-4o",
            "openai",
            input_tokens=new + cached,
            cache_read_tokens=cached,
            output_tokens=out,
        )

    millionths = 250 * new + 125 * cached + 1000 * out
    assert cost == D(millionths).scaleb(-8)


def test_it_says_which_version_of_the_list_it_used() -> None:
    usage = Usage(model="gpt-4o", provider="openai", input_tokens=1, output_tokens=1)

    cost = GenaiPrices().cost(usage, day=DAY)

    assert cost is not None
    assert (cost.source, cost.version) == ("genai-prices", genai_prices.__version__)


def test_the_network_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("the price list wanted to go to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    before = threading.active_count()

    assert usd("gpt-4o", "openai", input_tokens=1000) == D("0.0025")
    assert usd("gpt-unheard-of", "openai", input_tokens=1000) is None
    assert threading.active_count() == before


def test_without_the_library_no_price_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    genai._library.cache_clear()

    try:
        assert usd("gpt-4o", "openai", input_tokens=1000) is None
    finally:
        genai._library.cache_clear()


def test_the_library_is_not_loaded_before_a_call_is_priced() -> None:
    script = (
        "import sys; from keito.billing import delivery; "
        "from keito.billing.genai import GenaiPrices; GenaiPrices(); "
        "print('genai_prices' in sys.modules)"
    )

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert loaded.stdout.strip() == b"False"
