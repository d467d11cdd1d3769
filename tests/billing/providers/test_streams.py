"""Usage that a stream says in several events, or at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from keito.billing import StreamUsage, Usage, usage_of

Event = Mapping[str, Any]

START = {
    "type": "message_start",
    "message": {
        "model": "claude",
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 40, "output_tokens": 1},
    },
}
DELTA = {"type": "message_delta", "usage": {"output_tokens": 30}}


def streamed(*events: Event) -> list[Usage]:
    stream = StreamUsage()
    for event in events:
        stream.add(event)
    return usage_of(stream.raw)


def chat(usage: Event | None, *, finish: str | None = None) -> Event:
    return {"model": "gpt", "choices": [{"finish_reason": finish}], "usage": usage}


def gemini(output: int, *, finish: str | None = None) -> Event:
    usage = {
        "promptTokenCount": 9,
        "candidatesTokenCount": output,
        "totalTokenCount": 9 + output,
    }
    return {"modelVersion": "g", "candidates": [{"finishReason": finish}], "usageMetadata": usage}


def test_anthropic_says_the_input_first_and_the_output_last() -> None:
    assert streamed(START, {"type": "content_block_delta"}, DELTA) == [
        Usage(model="claude", input_tokens=45, output_tokens=30, cache_read_tokens=40)
    ]


def test_an_anthropic_stream_that_breaks_off_has_no_known_output() -> None:
    assert streamed(START) == [Usage(model="claude", input_tokens=45, cache_read_tokens=40)]


def test_what_grew_during_an_anthropic_stream_is_taken_from_its_end() -> None:
    grown = {"type": "message_delta", "usage": {"input_tokens": 90, "output_tokens": 30}}

    (one,) = streamed(START, grown)

    assert (one.input_tokens, one.output_tokens) == (130, 30)


@pytest.mark.parametrize("kind", ["completed", "incomplete", "failed"])
def test_a_response_says_it_when_it_is_over(kind: str) -> None:
    usage = {"input_tokens": 3, "output_tokens": 4}
    over = {"type": f"response.{kind}", "response": {"model": "gpt", "usage": usage}}

    created = {"type": "response.created", "response": {"model": "gpt", "usage": None}}

    assert streamed(created, over) == [Usage(model="gpt", input_tokens=3, output_tokens=4)]


def test_a_response_that_breaks_off_is_unknown() -> None:
    created = {"type": "response.created", "response": {"model": "gpt", "usage": None}}

    assert streamed(created) == [Usage(model="gpt")]


def test_chat_says_it_in_a_chunk_without_choices() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 4}
    last = {"model": "gpt", "choices": [], "usage": usage}

    assert streamed(chat(None), chat(None, finish="stop"), last) == [
        Usage(model="gpt", input_tokens=3, output_tokens=4)
    ]


def test_chat_without_its_last_chunk_is_unknown() -> None:
    assert streamed(chat(None), chat(None, finish="stop")) == [Usage(model="gpt")]


def test_an_sdk_s_chunk_keeps_what_only_its_provider_says() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
    chunk = {"id": "c", "created": 1, "object": "chat.completion.chunk", "model": "deepseek"}
    said = {**chunk, "choices": [], "usage": {**usage, "prompt_cache_hit_tokens": 5}}

    stream = StreamUsage()
    stream.add(ChatCompletionChunk.model_validate(said))

    assert usage_of(stream.raw) == [
        Usage(model="deepseek", input_tokens=9, output_tokens=4, cache_read_tokens=5)
    ]


def test_groq_says_it_in_a_field_of_its_own() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 4}

    assert streamed({"choices": [{"finish_reason": "stop"}], "x_groq": {"usage": usage}}) == [
        Usage(input_tokens=3, output_tokens=4)
    ]


def test_openrouter_s_last_chunk_repeats_an_empty_choice() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 4}

    assert streamed(chat(None, finish="stop"), chat(usage)) == [
        Usage(model="gpt", input_tokens=3, output_tokens=4)
    ]


def test_a_count_that_grows_with_the_answer_counts_at_its_end() -> None:
    assert streamed(gemini(2), gemini(6, finish="STOP")) == [
        Usage(model="g", input_tokens=9, output_tokens=6)
    ]


def test_a_count_that_grows_with_the_answer_is_unknown_before_its_end() -> None:
    assert streamed(gemini(2)) == [Usage(model="g", input_tokens=9)]


def test_xai_counts_along_with_its_outputs() -> None:
    usage = {"prompt_text_tokens": 7, "prompt_tokens": 7, "reasoning_tokens": 2, "total_tokens": 9}
    made: list[Event] = [{"outputs": [{"finish_reason": n}], "usage": usage} for n in (0, 2)]

    assert streamed(made[0]) == [Usage(input_tokens=7)]
    assert streamed(*made) == [Usage(input_tokens=7, output_tokens=2, reasoning_tokens=2)]


def test_bedrock_says_it_in_its_metadata() -> None:
    usage = {"inputTokens": 3, "outputTokens": 4}

    assert streamed({"messageStop": {}}, {"metadata": {"usage": usage}}) == [
        Usage(input_tokens=3, output_tokens=4)
    ]


def test_cohere_says_it_at_the_message_s_end() -> None:
    usage = {"tokens": {"input_tokens": 3, "output_tokens": 4}}

    assert streamed({"type": "message-end", "delta": {"usage": usage}}) == [
        Usage(input_tokens=3, output_tokens=4)
    ]


def test_an_event_may_come_in_its_envelope() -> None:
    enveloped = [{"event": event["type"], "data": event} for event in (START, DELTA)]

    assert streamed(*enveloped) == streamed(START, DELTA)


def test_a_stream_without_events_is_unknown() -> None:
    assert streamed() == [Usage()]
