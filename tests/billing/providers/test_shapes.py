"""How each provider counts, on small made-up numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from openai.types import CompletionUsage
from openai.types.responses import ResponseUsage

from keito.billing import Usage, usage_of

SHAPES: dict[str, tuple[dict[str, Any], Usage]] = {
    "openai chat": (
        {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 8},
            "completion_tokens_details": {"reasoning_tokens": 12},
        },
        Usage(
            input_tokens=100,
            output_tokens=20,
            cache_read_tokens=64,
            cache_write_tokens=8,
            reasoning_tokens=12,
        ),
    ),
    "openai responses": (
        {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 8},
            "output_tokens": 20,
            "output_tokens_details": {"reasoning_tokens": 12},
            "total_tokens": 120,
        },
        Usage(
            input_tokens=100,
            output_tokens=20,
            cache_read_tokens=64,
            cache_write_tokens=8,
            reasoning_tokens=12,
        ),
    ),
    "embeddings have no output": (
        {"prompt_tokens": 8, "total_tokens": 8},
        Usage(input_tokens=8, output_tokens=0),
    ),
    "anthropic, its cache beside the input": (
        {
            "input_tokens": 5,
            "cache_creation_input_tokens": 30,
            "cache_read_input_tokens": 200,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
            "output_tokens": 9,
            "output_tokens_details": {"thinking_tokens": 4},
        },
        Usage(
            input_tokens=235,
            output_tokens=9,
            cache_read_tokens=200,
            cache_write_tokens=30,
            cache_write_1h_tokens=20,
            reasoning_tokens=4,
        ),
    ),
    "anthropic, written tokens by lifetime only": (
        {
            "input_tokens": 5,
            "cache_creation_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
            "output_tokens": 9,
        },
        Usage(
            input_tokens=35,
            output_tokens=9,
            cache_write_tokens=30,
            cache_write_1h_tokens=20,
        ),
    ),
    "anthropic, which says of one lifetime only": (
        {
            "input_tokens": 5,
            "cache_creation_input_tokens": 30,
            "cache_creation": {"ephemeral_5m_input_tokens": 10},
            "output_tokens": 9,
        },
        Usage(input_tokens=35, output_tokens=9, cache_write_tokens=30),
    ),
    "gemini": (
        {
            "promptTokenCount": 50,
            "toolUsePromptTokenCount": 25,
            "cachedContentTokenCount": 40,
            "candidatesTokenCount": 6,
            "thoughtsTokenCount": 14,
            "totalTokenCount": 95,
        },
        Usage(input_tokens=75, output_tokens=20, cache_read_tokens=40, reasoning_tokens=14),
    ),
    "gemini, in the SDK's names": (
        {
            "prompt_token_count": 50,
            "candidates_token_count": 6,
            "thoughts_token_count": 14,
            "total_token_count": 70,
        },
        Usage(input_tokens=50, output_tokens=20, reasoning_tokens=14),
    ),
    "gemini, a refused prompt": (
        {"promptTokenCount": 50, "totalTokenCount": 50},
        Usage(input_tokens=50, output_tokens=0),
    ),
    "gemini behind openai's api, its thoughts in the total": (
        {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40},
        Usage(input_tokens=10, output_tokens=30, reasoning_tokens=25),
    ),
    "bedrock converse, its cache beside the input": (
        {
            "inputTokens": 3,
            "outputTokens": 7,
            "totalTokens": 60,
            "cacheReadInputTokens": 40,
            "cacheWriteInputTokens": 10,
        },
        Usage(input_tokens=53, output_tokens=7, cache_read_tokens=40, cache_write_tokens=10),
    ),
    "bedrock converse, written tokens by lifetime": (
        {
            "inputTokens": 3,
            "outputTokens": 7,
            "cacheWriteInputTokens": 10,
            "cacheDetails": [{"ttl": "1h", "inputTokens": 4}, {"ttl": "5m", "inputTokens": 6}],
        },
        Usage(input_tokens=13, output_tokens=7, cache_write_tokens=10, cache_write_1h_tokens=4),
    ),
    "bedrock converse, written for five minutes only": (
        {
            "inputTokens": 3,
            "outputTokens": 7,
            "cacheWriteInputTokens": 6,
            "cacheDetails": [{"ttl": "5m", "inputTokens": 6}],
        },
        Usage(input_tokens=9, output_tokens=7, cache_write_tokens=6, cache_write_1h_tokens=0),
    ),
    "deepseek": (
        {
            "prompt_tokens": 90,
            "prompt_cache_hit_tokens": 64,
            "prompt_cache_miss_tokens": 26,
            "completion_tokens": 11,
            "total_tokens": 101,
        },
        Usage(input_tokens=90, output_tokens=11, cache_read_tokens=64),
    ),
    "groq": (
        {
            "prompt_tokens": 30,
            "completion_tokens": 8,
            "total_tokens": 38,
            "completion_tokens_details": {"reasoning_tokens": 2},
            "queue_time": 0.01,
        },
        Usage(input_tokens=30, output_tokens=8, reasoning_tokens=2),
    ),
    "mistral": (
        {
            "prompt_tokens": 30,
            "num_cached_tokens": 29,
            "completion_tokens": 8,
            "total_tokens": 38,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
        Usage(input_tokens=30, output_tokens=8, cache_read_tokens=29),
    ),
    "openrouter": (
        {"prompt_tokens": 30, "completion_tokens": 8, "total_tokens": 38, "cost": 0.00000196},
        Usage(input_tokens=30, output_tokens=8, reported_cost_usd=Decimal("0.00000196")),
    ),
    "openrouter, with a key of the user's own": (
        {
            "prompt_tokens": 30,
            "completion_tokens": 8,
            "cost": 0.05,
            "is_byok": True,
            "cost_details": {"upstream_inference_cost": 1.1},
        },
        Usage(input_tokens=30, output_tokens=8, reported_cost_usd=Decimal("1.15")),
    ),
    "cohere": (
        {
            "billed_units": {"input_tokens": 4, "output_tokens": 2},
            "tokens": {"input_tokens": 70.0, "output_tokens": 12.0},
            "cached_tokens": 16,
        },
        Usage(input_tokens=70, output_tokens=12, cache_read_tokens=16),
    ),
    "cohere, billed units alone": (
        {"billed_units": {"input_tokens": 4}},
        Usage(input_tokens=4),
    ),
    "xai, its reasoning beside the completion": (
        {
            "prompt_tokens": 40,
            "prompt_text_tokens": 40,
            "cached_prompt_text_tokens": 32,
            "completion_tokens": 5,
            "reasoning_tokens": 15,
            "total_tokens": 60,
        },
        Usage(input_tokens=40, output_tokens=20, cache_read_tokens=32, reasoning_tokens=15),
    ),
    "xai, without a total": (
        {
            "prompt_tokens": 4,
            "prompt_text_tokens": 4,
            "completion_tokens": 5,
            "reasoning_tokens": 6,
        },
        Usage(input_tokens=4, output_tokens=11, reasoning_tokens=6),
    ),
    "moonshot": (
        {"prompt_tokens": 30, "completion_tokens": 8, "cached_tokens": 16},
        Usage(input_tokens=30, output_tokens=8, cache_read_tokens=16),
    ),
    "litellm, for anthropic": (
        {
            "prompt_tokens": 235,
            "completion_tokens": 9,
            "total_tokens": 244,
            "cache_creation_input_tokens": 30,
            "cache_read_input_tokens": 200,
        },
        Usage(input_tokens=235, output_tokens=9, cache_read_tokens=200, cache_write_tokens=30),
    ),
    "litellm, written tokens by lifetime": (
        {
            "prompt_tokens": 35,
            "completion_tokens": 9,
            "prompt_tokens_details": {
                "cache_creation_tokens": 30,
                "cache_creation_token_details": {
                    "ephemeral_5m_input_tokens": 10,
                    "ephemeral_1h_input_tokens": 20,
                },
            },
        },
        Usage(
            input_tokens=35,
            output_tokens=9,
            cache_write_tokens=30,
            cache_write_1h_tokens=20,
        ),
    ),
    "xai over openai's chat api": (
        {
            "prompt_tokens": 40,
            "completion_tokens": 5,
            "completion_tokens_details": {"reasoning_tokens": 15},
            "total_tokens": 60,
            "cost_in_usd_ticks": 123_456_789_012,
        },
        Usage(
            input_tokens=40,
            output_tokens=20,
            reasoning_tokens=15,
            reported_cost_usd=Decimal("12.3456789012"),
        ),
    ),
    "a gateway that leaves the cache out of the prompt": (
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 115,
            "prompt_tokens_details": {"cached_tokens": 100},
        },
        Usage(input_tokens=110, output_tokens=5, cache_read_tokens=100),
    ),
}


@pytest.mark.parametrize(("raw", "expected"), SHAPES.values(), ids=SHAPES.keys())
def test_a_shape_is_read(raw: dict[str, Any], expected: Usage) -> None:
    assert usage_of(raw) == [expected]


@pytest.mark.parametrize(
    ("kept_at", "model_at"),
    [("usage", "model"), ("usageMetadata", "modelVersion"), ("usage_metadata", "model_version")],
)
def test_a_whole_answer_says_which_model_answered(kept_at: str, model_at: str) -> None:
    answer = {model_at: "m-2", kept_at: {"input_tokens": 3, "output_tokens": 4}}

    (one,) = usage_of(answer, provider="somebody", model="m")

    assert one == Usage(provider="somebody", model="m-2", input_tokens=3, output_tokens=4)


def test_an_answer_that_names_no_model_is_the_model_asked_for() -> None:
    answer = {"usage": {"inputTokens": 3, "outputTokens": 4}}

    (one,) = usage_of(answer, model="nova")

    assert one.model == "nova"


def test_cohere_s_older_answers_keep_it_under_meta() -> None:
    answer = {"meta": {"tokens": {"input_tokens": 3, "output_tokens": 4}}}

    assert usage_of(answer) == [Usage(input_tokens=3, output_tokens=4)]


def test_openai_s_own_objects_are_read() -> None:
    chat, responses = SHAPES["openai chat"], SHAPES["openai responses"]

    assert usage_of(CompletionUsage.model_validate(chat[0])) == [chat[1]]
    assert usage_of(ResponseUsage.model_validate(responses[0])) == [responses[1]]


def test_iterations_are_billed_instead_of_the_top() -> None:
    message = {"type": "message", "input_tokens": 10, "output_tokens": 2}
    compaction = {**message, "type": "compaction", "input_tokens": 1, "output_tokens": 50}
    compaction["cache_read_input_tokens"] = 900
    usage = {**message, "iterations": [compaction, {**message, "cache_read_input_tokens": 0}]}

    (one,) = usage_of({"model": "claude", "usage": usage})

    assert one == Usage(model="claude", input_tokens=911, output_tokens=52, cache_read_tokens=900)


def test_a_second_model_inside_an_answer_is_a_usage_of_its_own() -> None:
    own = {"input_tokens": 10, "output_tokens": 4}
    advice = {"input_tokens": 70, "output_tokens": 3, "model": "advisor"}
    usage = {**own, "output_tokens_details": {"thinking_tokens": 2}, "iterations": [own, advice]}

    usages = usage_of({"model": "claude", "usage": usage})

    assert usages == [
        Usage(model="claude", input_tokens=10, output_tokens=4, reasoning_tokens=2),
        Usage(model="advisor", input_tokens=70, output_tokens=3),
    ]


def test_iterations_add_up_what_was_written_for_an_hour() -> None:
    written = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 40}
    first = {"input_tokens": 1, "output_tokens": 2, "cache_creation": written}
    second = {"input_tokens": 3, "output_tokens": 4, "cache_creation_input_tokens": 0}

    (one,) = usage_of({"usage": {**first, "iterations": [first, second, first]}})

    assert (one.cache_write_tokens, one.cache_write_1h_tokens) == (80, 80)


def test_an_iteration_that_wrote_for_nobody_knows_how_long_leaves_it_unknown() -> None:
    written = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 40}
    first = {"input_tokens": 1, "output_tokens": 2, "cache_creation": written}
    second = {"input_tokens": 3, "output_tokens": 4, "cache_creation_input_tokens": 7}

    (one,) = usage_of({"usage": {**first, "iterations": [first, second]}})

    assert (one.cache_write_tokens, one.cache_write_1h_tokens) == (47, None)


def test_an_iteration_that_can_t_be_read_leaves_the_whole_unknown() -> None:
    own = {"input_tokens": 10, "output_tokens": 4}

    assert usage_of({**own, "iterations": [own, None]}) == [Usage()]


def test_each_model_of_a_groq_system_is_a_usage_of_its_own() -> None:
    one, two = (
        {"model": name, "usage": {"prompt_tokens": n, "completion_tokens": 1}}
        for name, n in (("small", 3), ("large", 5))
    )
    answer = {"usage": {"prompt_tokens": 8}, "usage_breakdown": {"models": [one, two]}}

    assert usage_of(answer) == [
        Usage(model="small", input_tokens=3, output_tokens=1),
        Usage(model="large", input_tokens=5, output_tokens=1),
    ]


def test_a_cost_for_several_models_is_nobody_s() -> None:
    own = {"input_tokens": 10, "output_tokens": 4}
    usage = {**own, "iterations": [own, {**own, "model": "advisor"}], "cost": 0.5}

    assert [one.reported_cost_usd for one in usage_of(usage)] == [None, None]


def test_the_fee_for_a_key_of_the_user_s_own_is_not_the_cost() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "cost": 0.05, "is_byok": True}

    (one,) = usage_of(usage)

    assert one.reported_cost_usd is None


@pytest.mark.parametrize("cost", [-1, "free", float("nan"), float("inf"), True, {}, "1e-99", 1e40])
def test_what_can_t_be_a_cost_is_unknown(cost: object) -> None:
    (one,) = usage_of({"prompt_tokens": 3, "completion_tokens": 4, "cost": cost})

    assert one == Usage(input_tokens=3, output_tokens=4)
