"""What a run's calls consumed, as its record adds it up and splits it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from keito.billing import FixedPrices, MemoryOutbox, Price, Recorder, Usage, usage_of
from keito.billing.recovered import recovered
from keito.billing.run_facts import start_of

from .conftest import HOME, MakeRecorder, Recorded

PRICES = FixedPrices(
    {"small": Price(input=1, output=2), "large": Price(input=3, output=4, cache_write_1h=5)}
)
OF_THE_CALLS = (
    "model_name",
    "model_provider",
    "tokens_in",
    "tokens_out",
    "tokens_cache_read",
    "tokens_cache_write",
    "tokens_reasoning",
    "usage_incomplete",
    "llm_calls",
    "llm_calls_unpriced",
    "cost_usd",
    "cost_source",
    "price_version",
    "models",
    "agents",
)

counts = st.none() | st.integers(0, 50)
usages = st.none() | st.builds(
    Usage,
    model=st.sampled_from([None, "small", "large", "unheard of"]),
    provider=st.sampled_from([None, "p", "q"]),
    input_tokens=counts,
    output_tokens=counts,
    cache_read_tokens=counts,
    cache_write_tokens=counts,
    cache_write_1h_tokens=counts,
    reasoning_tokens=counts,
    reported_cost_usd=st.none() | st.decimals(0, 1, places=6),
)
calls = st.lists(st.tuples(usages, st.sampled_from([None, "clerk", "judge"])), max_size=8)

Call = tuple[Usage | None, str | None]


def record_of(made: Iterable[Call]) -> dict[str, Any]:
    """What a run with these calls says of them, every second in a run that is folded into it."""
    outbox = MemoryOutbox()
    recorder = Recorder(
        outbox=outbox, courier="external", target=HOME, account_id="acc", prices=PRICES
    )
    with recorder.run("agent") as run, recorder.run("folded") as folded:
        for number, (usage, agent) in enumerate(made):
            (folded if number % 2 else run).model_call(usage, key=str(number), agent=agent)
    said = Recorded(recorder, outbox).metadata()
    recorder.close(0)
    return {name: said[name] for name in OF_THE_CALLS if name in said}


def known(made: Iterable[Call], name: str) -> int | None:
    said = [n for usage, _ in made if usage and (n := getattr(usage, name)) is not None]
    return sum(said) if said else None


def small(provider: str, tokens: int = 1) -> Usage:
    return Usage(model="small", provider=provider, input_tokens=tokens, output_tokens=0)


@given(calls, st.randoms(use_true_random=False))
@example([(small("p"), None), (small("q"), None)], Random(0))
def test_a_record_says_the_same_in_whatever_order_calls_came(
    made: list[Call], random: Random
) -> None:
    shuffled = random.sample(made, len(made))

    assert record_of(shuffled) == record_of(made)


@given(calls)
def test_a_record_adds_up_what_is_known_and_says_when_that_is_not_all(made: list[Call]) -> None:
    said = record_of(made)

    assert said["llm_calls"] == len(made)
    for key, name in {
        "tokens_in": "input_tokens",
        "tokens_out": "output_tokens",
        "tokens_cache_read": "cache_read_tokens",
        "tokens_cache_write": "cache_write_tokens",
        "tokens_reasoning": "reasoning_tokens",
    }.items():
        assert said.get(key) == known(made, name)
    unknown = any(usage is None or not usage.complete for usage, _ in made)
    assert said.get("usage_incomplete", False) is unknown


@given(calls)
def test_the_split_by_model_and_by_agent_adds_up_to_the_whole(made: list[Call]) -> None:
    said = record_of(made)

    for name in ("models", "agents"):
        parts = said[name].values() if name in said else [{**said, "calls": said["llm_calls"]}]
        assert sum(part["calls"] for part in parts) == len(made)
        for key in ("tokens_in", "tokens_out"):
            assert sum(part.get(key) or 0 for part in parts) == said.get(key, 0)


@given(calls)
def test_each_part_of_the_split_is_what_its_model_or_agent_reported(made: list[Call]) -> None:
    said = record_of(made)

    for name, whose in {
        "models": [(usage.model if usage else None) or "unknown" for usage, _ in made],
        "agents": [agent or "unknown" for _, agent in made],
    }.items():
        assert (name in said) == (len(set(whose)) > 1)
        for one, part in said.get(name, {}).items():
            its = [call for call, owner in zip(made, whose, strict=True) if owner == one]
            assert part == {
                "calls": len(its),
                "tokens_in": known(its, "input_tokens"),
                "tokens_out": known(its, "output_tokens"),
            }


def test_the_main_model_is_the_one_that_took_the_most_whoever_asked_it() -> None:
    large = Usage(model="large", input_tokens=8, output_tokens=2)
    several = [(small("p", 6), "clerk"), (large, "clerk"), (small("p", 6), "judge")]

    assert record_of(several)["model_name"] == "small"


def test_of_a_run_whose_process_died_a_call_that_two_sources_told_of_counts_once(
    recorded: Recorded,
) -> None:
    run = recorded.recorder.start("agent")
    for key in ("first", "second"):
        run.model_call(None, key=key)
        recorded.recorder.flush(0)
        run.model_call(small("p", 6), key=key)
        recorded.recorder.flush(0)
    lines = [line for line in recorded.outbox._journal.values() if line.run == run.id]

    result = recovered(start_of(lines[0]), lines, last_sign=0)

    assert sum(line.kind == "call" for line in lines) == 4
    assert [group.get("input_tokens") for group in result.get("usage", [])] == [6, 6]


def test_each_model_of_an_answer_is_priced_as_itself(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(prices=PRICES)
    own = {"input_tokens": 100_000, "output_tokens": 0}
    advice = {"input_tokens": 200_000, "output_tokens": 0, "model": "large"}
    answer = {"model": "small", "usage": {**own, "iterations": [own, advice]}}

    with recorded.recorder.run("agent") as run:
        for usage in usage_of(answer):
            run.model_call(usage, key=f"answer/{usage.model}")

    said = recorded.metadata()
    assert set(said["models"]) == {"small", "large"}
    assert said["cost_usd"] == Decimal("0.1") + Decimal("0.6")
