"""What a model call consumed, for every way in which LangChain tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_keito import KeitoCallbackHandler
from langchain_keito._tree import Node, Root
from langchain_keito._usage import answer_of
from langgraph.checkpoint.memory import InMemorySaver

from keito.billing import Recorder, Usage
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Says, entries_of
from tests.langchain.scripted import ScriptedModel, agent, asked, needs_handing_on, using
from tests.langchain.test_runs import said


def result(
    usage: dict[str, Any] | None,
    *,
    answer: dict[str, Any] | None = None,
    output: dict[str, Any] | None = None,
    n: int = 1,
) -> LLMResult:
    message = AIMessage("", usage_metadata=usage, response_metadata=answer or {})
    return LLMResult(generations=[[ChatGeneration(message=message)] * n], llm_output=output)


class Read(NamedTuple):
    """What was read of an answer."""

    usage: Usage | None
    besides: Sequence[Usage]
    id: str | None


def read(response: LLMResult, model: str | None = None, provider: str | None = None) -> Read:
    """What a call ended with that began for this model."""
    start = Node(cast("Root", None))
    start.model, start.provider = model, provider
    answer = answer_of(response, start)
    assert answer is not None
    return Read(*answer)


def usage_of(
    response: LLMResult, model: str | None = None, provider: str | None = None
) -> Usage | None:
    return read(response, model, provider).usage


TOKENS: Any = {"input_tokens": 100, "output_tokens": 40, "total_tokens": 140}

ROWS = {
    "openai": (
        {
            **TOKENS,
            "input_token_details": {"audio": 3, "cache_read": 60},
            "output_token_details": {"audio": 2, "reasoning": 25},
        },
        (100, 40, 60, None, 25, None),
    ),
    "openai on a tier": (
        {
            **TOKENS,
            "input_token_details": {"flex_cache_read": 60, "flex": 40},
            "output_token_details": {"flex_reasoning": 25, "flex": 15},
        },
        (100, 40, 60, None, 25, None),
    ),
    "anthropic": (
        {
            **TOKENS,
            "input_token_details": {
                "cache_read": 30,
                "cache_creation": 0,
                "ephemeral_5m_input_tokens": 35,
                "ephemeral_1h_input_tokens": 15,
            },
        },
        (100, 40, 30, 50, None, 15),
    ),
    "anthropic, streamed": (
        {**TOKENS, "input_token_details": {"cache_read": 30, "cache_creation": 50}},
        (100, 40, 30, 50, None, None),
    ),
    "no details": (TOKENS, (100, 40, None, None, None, None)),
    "nothing": (None, (None, None, None, None, None, None)),
}


@pytest.mark.parametrize(("reported", "expected"), ROWS.values(), ids=ROWS.keys())
def test_tokens_are_read_as_the_provider_meant_them(
    reported: dict[str, Any] | None, expected: tuple[int | None, ...]
) -> None:
    usage = usage_of(result(reported), None, None)

    assert usage is not None
    assert expected == (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
        usage.cache_write_1h_tokens,
    )


def test_three_answers_of_one_call_are_counted_once() -> None:
    usage = usage_of(result(TOKENS, output={"model_name": "gpt"}, n=3), None, None)

    assert usage == Usage(model="gpt", input_tokens=100, output_tokens=40)


def test_the_first_answer_that_tells_its_usage_counts() -> None:
    silent = ChatGeneration(message=AIMessage(""))
    telling = result(TOKENS, answer={"model_name": "gpt"}).generations[0][0]

    usage = usage_of(LLMResult(generations=[[silent, telling]]), None, None)

    assert usage == Usage(model="gpt", input_tokens=100, output_tokens=40)


NAMES = [
    ({"model_name": "served"}, {"model_name": "other"}, "served"),
    ({"model": "answered"}, {"model_name": "output"}, "output"),
    ({"model": "answered"}, {"model": "output"}, "answered"),
    ({}, {"model": "output"}, "output"),
    ({}, {}, "asked for"),
]


@pytest.mark.parametrize(("answer", "output", "expected"), NAMES)
def test_the_served_name_of_the_model_wins(
    answer: dict[str, Any], output: dict[str, Any], expected: str
) -> None:
    usage = usage_of(result(TOKENS, answer=answer, output=output), "asked for", None)

    assert usage is not None
    assert usage.model == expected


def test_the_provider_of_the_answer_wins() -> None:
    answered = usage_of(result(TOKENS, answer={"model_provider": "azure"}), None, "openai")
    silent = usage_of(result(TOKENS), None, "openai")

    assert answered is not None
    assert silent is not None
    assert (answered.provider, silent.provider) == ("azure", "openai")


def test_an_answer_from_langchains_cache_costs_nothing(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    model = ScriptedModel(replies=[Says(), Says()], cache=InMemoryCache())

    model.invoke("Help.", using(handler))
    model.invoke("Help.", using(handler))

    tokens = [entry["metadata"]["tokens_in"] for entry in entries_of(recorder, keito)]
    assert tokens == [INPUT, 0]


def test_usage_that_never_comes_is_unknown_and_not_0(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    ScriptedModel(replies=[Says()], usage=None).invoke("Help.", using(handler))

    metadata = said(recorder, keito)
    assert metadata["usage_incomplete"]
    assert "tokens_in" not in metadata


@needs_handing_on
async def test_a_forced_stream_is_counted_like_a_call(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    clerk = agent(Calls("look_up"), Says())

    async for _ in clerk.astream_events(asked(), using(handler), version="v2"):
        pass

    assert said(recorder, keito)["tokens_in"] == 2 * INPUT


def test_tokens_that_the_history_repeats_are_not_counted_again(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    clerk = agent(Says(), Says(), checkpointer=InMemorySaver())
    config = using(handler, configurable={"thread_id": "t-1"})

    for _ in range(2):
        clerk.invoke(asked(), config)

    tokens = [entry["metadata"]["tokens_in"] for entry in entries_of(recorder, keito)]
    assert tokens == [INPUT, INPUT]


def test_an_answer_that_took_nothing_is_unknown() -> None:
    nothing = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}

    assert read(result(nothing)).usage == Usage()


def test_what_langchain_leaves_out_is_read_from_the_raw_usage() -> None:
    raw = {"prompt_tokens": 100, "completion_tokens": 40, "num_cached_tokens": 99}
    usage = usage_of(result(TOKENS, answer={"token_usage": raw}))

    assert usage == Usage(input_tokens=100, output_tokens=40, cache_read_tokens=99)


def test_iterations_that_a_stream_left_out_make_it_incomplete() -> None:
    message = AIMessage(
        [{"type": "compaction", "content": "In short."}, {"type": "text", "text": "Hi."}],
        usage_metadata=TOKENS,
    )
    response = LLMResult(generations=[[ChatGeneration(message=message)]])

    assert list(read(response).besides) == [Usage()]


IDS = [
    ({"id": "chatcmpl-1"}, None, "chatcmpl-1"),
    ({}, "resp_1", "resp_1"),
    ({}, "lc_run--0190", None),
    ({}, "run-0190", None),
    ({}, None, None),
]


@pytest.mark.parametrize(("answer", "message_id", "expected"), IDS)
def test_a_call_is_known_by_the_providers_id_of_the_answer(
    answer: dict[str, Any], message_id: str | None, expected: str | None
) -> None:
    message = AIMessage("", id=message_id, usage_metadata=TOKENS, response_metadata=answer)

    assert read(LLMResult(generations=[[ChatGeneration(message=message)]])).id == expected


MODES = pytest.mark.parametrize(
    "mode", ["values", "updates", "messages", "custom", "debug", "tasks", "checkpoints"]
)


@MODES
def test_every_way_to_stream_a_graph_counts_the_same(
    mode: str, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    clerk = agent(Calls("look_up"), Says(), checkpointer=InMemorySaver())
    config = using(handler, configurable={"thread_id": "t-1"})

    list(clerk.stream(asked(), config, stream_mode=mode))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)


@needs_handing_on
@MODES
async def test_every_way_to_stream_a_graph_asynchronously_counts_the_same(
    mode: str, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    clerk = agent(Calls("look_up"), Says(), checkpointer=InMemorySaver())
    config = using(handler, configurable={"thread_id": "t-1"})

    async for _ in clerk.astream(asked(), config, stream_mode=mode):
        pass

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)
