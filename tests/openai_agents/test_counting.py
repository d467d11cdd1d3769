"""What a run consumed: exact where the SDK knows it in any way, and unknown where it does not."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest
from agents import (
    Agent,
    AgentsException,
    ModelRetrySettings,
    ModelSettings,
    RunConfig,
    RunContextWrapper,
    Runner,
    SQLiteSession,
    function_tool,
    set_trace_processors,
    set_tracing_disabled,
)
from openai import OpenAIError

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, RefusedError, Says, entries_of
from tests.openai_agents import wire
from tests.openai_agents.scripted import MODEL, ScriptedModel, agent
from tests.openai_agents.ways import ALL, BOTH, Way, ended, never_read, ran, said, streamed
from tests.openai_agents.wire import Answer, chatting, chunks, events, on, responding, response

pytestmark = pytest.mark.usefixtures("attached")


@function_tool
def add(number: int) -> str:
    """Add."""
    return "added"


@ALL
async def test_a_call_id_that_is_used_again_loses_no_tokens(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    # Newer releases refuse the second answer, after they have counted it, and tell no hook.
    calls = [Calls("add", {"number": number}, "call_1") for number in (1, 2)]
    clerk = agent(*calls, Says(), tools=[add])

    await ended(way, clerk)

    metadata = said(recorder, keito)
    model: Any = clerk.model
    assert metadata["tokens_in"] == model.answered * INPUT
    assert metadata["llm_calls"] == model.answered
    assert metadata["model_name"] == MODEL
    assert "usage_incomplete" not in metadata


async def test_a_nested_call_id_that_is_used_again_loses_no_tokens(
    recorder: Recorder, keito: LocalKeito
) -> None:
    calls = [Calls("add", {"number": number}, "call_1") for number in (1, 2)]
    experts = [agent(*calls, Says(), name=f"expert_{n}", tools=[add]) for n in range(2)]
    tools = [expert.as_tool(f"ask_{n}", "Ask.") for n, expert in enumerate(experts)]
    asks = [Calls(f"ask_{n}", {"input": "?"}, f"ask_{n}") for n in range(2)]
    clerk = agent(*asks, Says(), tools=tools)

    await ended(ran, clerk)

    metadata = said(recorder, keito)
    models: list[Any] = [one.model for one in (clerk, *experts)]
    assert metadata["tokens_in"] == sum(model.answered for model in models) * INPUT
    assert "usage_incomplete" not in metadata


async def test_usage_that_a_tool_adds_to_its_callers_is_counted_once(
    recorder: Recorder, keito: LocalKeito
) -> None:
    @function_tool
    async def ask(context: RunContextWrapper[Any]) -> str:
        """Ask, and have the SDK's usage of the run include it."""
        result = await Runner.run(agent(Says(), name="expert"), "?")
        context.usage.add(result.context_wrapper.usage)
        return "asked"

    calls = [Calls("add", {"number": number}, "call_1") for number in (1, 2)]
    clerk = agent(Calls("ask", id="call_0"), *calls, Says(), tools=[ask, add])

    await ended(ran, clerk)

    model: Any = clerk.model
    assert said(recorder, keito)["tokens_in"] == (model.answered + 1) * INPUT


@BOTH
async def test_a_context_that_counts_on_over_several_runs_is_no_second_bill(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    context: RunContextWrapper[Any] = RunContextWrapper(context=None)
    clerk = agent(Calls("look_up"), Says(), Says())

    for _ in range(2):
        await way(clerk, context=context)

    tokens = [entry["metadata"]["tokens_in"] for entry in entries_of(recorder, keito)]
    assert tokens == [2 * INPUT, INPUT]


@pytest.mark.parametrize("status", ["incomplete", "failed"])
@pytest.mark.parametrize("is_stream", [False, True], ids=["at once", "streamed"])
async def test_an_answer_that_is_cut_short_was_paid_for_and_is_marked(
    is_stream: bool, status: str, recorder: Recorder, keito: LocalKeito
) -> None:
    body = response(status=status)
    answer = events(body) if is_stream else Answer(body)

    async with responding(answer) as model:
        with suppress(AgentsException):
            await (streamed if is_stream else ran)(on(model))

    metadata = said(recorder, keito)
    # Releases before 0.14 take such an answer, and its usage, for a good one.
    if metadata["status"] == "ok":
        assert metadata["tokens_in"] == wire.INPUT
    else:
        assert (metadata["status"], metadata["usage_incomplete"]) == ("error", True)
    assert metadata["llm_calls"] == 1


@pytest.mark.parametrize("is_stream", [False, True], ids=["at once", "streamed"])
async def test_an_answer_without_usage_is_unknown(
    is_stream: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    body = response(usage=None)

    async with responding(events(body) if is_stream else Answer(body)) as model:
        await (streamed if is_stream else ran)(on(model))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["usage_incomplete"]) == ("ok", True)
    assert "tokens_in" not in metadata


async def test_a_stream_of_responses_that_breaks_off_was_paid_for(
    recorder: Recorder, keito: LocalKeito
) -> None:
    cut = Answer(events(response()).body[:1], 200, True)

    async with responding(cut) as model:
        with suppress(AgentsException):
            await streamed(on(model))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["usage_incomplete"]) == ("error", True)


async def test_a_chat_stream_that_breaks_off_is_unknown_although_it_ends_well(
    recorder: Recorder, keito: LocalKeito
) -> None:
    async with chatting(chunks(ends=False)) as model:
        with suppress(AgentsException):
            await streamed(on(model, include_usage=True))

    metadata = said(recorder, keito)
    assert metadata["usage_incomplete"]
    assert "tokens_in" not in metadata


@pytest.mark.parametrize("sensitive", [False, True])
async def test_a_chat_stream_with_usage_is_exact(
    sensitive: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    set_trace_processors([])
    set_tracing_disabled(False)
    config = RunConfig(trace_include_sensitive_data=sensitive)

    async with chatting(chunks(usage=wire.CHAT_USAGE)) as model:
        await streamed(on(model, include_usage=True), run_config=config)

    metadata = said(recorder, keito)
    assert (metadata["tokens_in"], metadata["tokens_out"]) == (wire.INPUT, wire.OUTPUT)
    assert metadata["tokens_cache_read"] == wire.CACHED
    assert metadata["tokens_reasoning"] == wire.REASONING


BUSY = Answer({"error": {"message": "busy", "type": "server_error"}}, 500)


@pytest.mark.parametrize("is_stream", [False, True], ids=["at once", "streamed"])
async def test_what_the_client_tries_again_counts_once(
    is_stream: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    answer = events(response()) if is_stream else Answer(response())

    async with responding(BUSY, answer, retries=2) as model:
        await (streamed if is_stream else ran)(on(model))

    metadata = said(recorder, keito)
    assert (metadata["llm_calls"], metadata["tokens_in"]) == (1, wire.INPUT)


@BOTH
async def test_what_the_sdk_tries_again_counts_once(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    class Refusing(ScriptedModel):
        async def _response(self) -> Any:
            if not vars(self).setdefault("refused", False):
                vars(self)["refused"] = True
                raise RefusedError("busy")
            return await super()._response()

    retrying = ModelRetrySettings(max_retries=1, policy=lambda given: True)
    clerk = Agent(
        name="clerk", model=Refusing(Says()), model_settings=ModelSettings(retry=retrying)
    )

    await way(clerk)

    metadata = said(recorder, keito)
    assert (metadata["llm_calls"], metadata["tokens_in"]) == (1, INPUT)
    assert "usage_incomplete" not in metadata


async def test_a_call_that_the_provider_refuses_took_nothing(
    recorder: Recorder, keito: LocalKeito
) -> None:
    async with responding(Answer({"error": {"message": "no"}}, 400)) as model:
        with suppress(OpenAIError):
            await ran(on(model))

    metadata = said(recorder, keito)
    assert metadata["status"] == "error"
    assert "usage_incomplete" not in metadata


@pytest.mark.parametrize("sensitive", [False, True])
@pytest.mark.parametrize("is_stream", [False, True], ids=["at once", "streamed"])
async def test_what_tracing_may_show_makes_no_difference(
    is_stream: bool, sensitive: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    set_trace_processors([])
    set_tracing_disabled(False)
    config = RunConfig(trace_include_sensitive_data=sensitive)
    answer = events(response()) if is_stream else Answer(response())

    async with responding(answer) as model:
        await (streamed if is_stream else ran)(on(model), run_config=config)

    metadata = said(recorder, keito)
    assert (metadata["tokens_in"], metadata["model_name"]) == (wire.INPUT, "gpt-5.1")


@BOTH
@pytest.mark.parametrize(
    "chained",
    [
        {"previous_response_id": "resp_0"},
        {"conversation_id": "conv_1"},
        {"auto_previous_response_id": True},
    ],
    ids=["previous", "conversation", "automatic"],
)
async def test_a_conversation_that_the_server_keeps_is_exact(
    chained: dict[str, Any], way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    await way(agent(Calls("look_up"), Says()), **chained)

    metadata = said(recorder, keito)
    assert (metadata["llm_calls"], metadata["tokens_in"]) == (2, 2 * INPUT)
    assert metadata.get("session_id") == chained.get("conversation_id")


@BOTH
async def test_the_runs_of_a_session_are_linked_by_it(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    session = SQLiteSession("one")

    for _ in range(2):
        await way(agent(Says()), session=session)
    session.close()

    entries = [entry["metadata"] for entry in entries_of(recorder, keito)]
    assert [(one["session_id"], one["tokens_in"]) for one in entries] == [("one", INPUT)] * 2


def broken_off(answer: Answer) -> Answer:
    """The same, whose connection is reset before its end."""
    return replace(answer, body=answer.body[:1], is_reset=True)


@pytest.mark.parametrize("made", [chatting, responding], ids=["chat", "responses"])
@pytest.mark.parametrize("way", [ran, streamed, never_read])
async def test_what_a_stream_took_that_a_reset_broke_off_is_not_known(
    way: Way, made: Any, recorder: Recorder, keito: LocalKeito
) -> None:
    answer = broken_off(chunks() if made is chatting else events(response()))
    if way not in (streamed, never_read):
        answer = replace(answer, body={"id": "cut"})
    async with made(answer) as model:
        # Older releases of openai let the error of a stream through as it is.
        with suppress(OpenAIError, httpx.ReadError):
            await ended(way, on(model))

    metadata = said(recorder, keito)
    assert (metadata.get("tokens_in"), metadata["usage_incomplete"]) == (None, True)


async def test_a_call_without_its_usage_has_all_that_the_sdk_counted_of_it(
    recorder: Recorder, keito: LocalKeito
) -> None:
    # Newer releases refuse the second answer, after they have counted it, and tell no hook.
    class Caching(ScriptedModel):
        async def get_response(self, *args: object, **kwargs: object) -> Any:
            answer = await super().get_response(*args, **kwargs)
            details = answer.usage.input_tokens_details
            answer.usage.input_tokens_details = details.model_copy(update={"cached_tokens": 60})
            thought = answer.usage.output_tokens_details
            more = thought.model_copy(update={"reasoning_tokens": 5})
            answer.usage.output_tokens_details = more
            return answer

    calls = [Calls("add", {"number": number}, "call_1") for number in (1, 2)]
    clerk = agent(tools=[add])
    clerk.model = Caching(*calls, Says())
    await ended(ran, clerk)

    metadata = said(recorder, keito)
    answers = clerk.model.answered
    assert (metadata["tokens_in"], metadata["tokens_cache_read"]) == (INPUT * answers, 60 * answers)
    assert metadata["tokens_reasoning"] == 5 * answers
    assert answers > 1
