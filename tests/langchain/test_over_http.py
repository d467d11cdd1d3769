"""The real OpenAI client of LangChain, over real HTTP: what the server counted is recorded."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_keito import KeitoCallbackHandler
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from examples.demo.conversation import Conversation
from examples.demo.endpoint import Endpoint, ModelError, serving
from examples.demo.reply import Reply
from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.langchain.scripted import asked, look_up, using
from tests.langchain.test_runs import said
from tests.model_over_http import TOKENS, endpoint

__all__ = ["endpoint"]


def chat(endpoint: Endpoint, **settings: Any) -> ChatOpenAI:
    return ChatOpenAI(
        model=endpoint.model,
        base_url=endpoint.base_url,
        api_key=SecretStr(endpoint.api_key),
        **settings,
    )


def counts(metadata: dict[str, Any]) -> tuple[int, ...]:
    return (
        metadata["tokens_in"],
        metadata["tokens_out"],
        metadata["tokens_cache_read"],
        metadata["tokens_reasoning"],
    )


def of_calls(number: int) -> tuple[int, ...]:
    """What so many answers of the server consume."""
    each = (TOKENS.prompt, TOKENS.generated, TOKENS.cached, TOKENS.reasoning)
    return tuple(number * tokens for tokens in each)


@pytest.mark.parametrize("responses_api", [False, True])
def test_an_agent_on_either_api(
    responses_api: bool,
    endpoint: Endpoint,
    recorder: Recorder,
    keito: LocalKeito,
    handler: KeitoCallbackHandler,
) -> None:
    clerk = create_agent(chat(endpoint, use_responses_api=responses_api), [look_up])

    clerk.invoke(asked(), using(handler))

    metadata = said(recorder, keito)
    assert counts(metadata) == of_calls(2)
    assert metadata["model_name"] == endpoint.model
    assert metadata["model_provider"] == "openai"


def test_a_stream_that_asks_for_its_usage(
    endpoint: Endpoint, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    list(chat(endpoint, stream_usage=True).stream("Help.", using(handler)))

    assert counts(said(recorder, keito)) == of_calls(1)


def test_a_stream_from_another_address_has_unknown_usage(
    endpoint: Endpoint, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # LangChain asks no other server than OpenAI's for the usage of a stream.
    list(chat(endpoint).stream("Help.", using(handler)))

    metadata = said(recorder, keito)
    assert metadata["usage_incomplete"]
    assert metadata["model_name"] == endpoint.model


def test_an_agent_that_is_streamed_from_another_address_has_unknown_usage(
    endpoint: Endpoint, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # The same agent, invoked, has its usage: to show its messages LangGraph streams the model.
    clerk = create_agent(chat(endpoint), [look_up])

    list(clerk.stream(asked(), using(handler), stream_mode="messages"))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["llm_calls"]) == ("ok", 2)
    assert metadata["usage_incomplete"]


def test_what_a_client_tries_again_by_itself_is_one_call(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    asked_for: list[Conversation] = []

    def refuse_first(conversation: Conversation) -> Reply:
        asked_for.append(conversation)
        if len(asked_for) == 1:
            raise ModelError(500, "busy")
        return Reply(conversation.model, text="Done.", tokens=TOKENS)

    with serving(refuse_first, model="gpt") as endpoint:
        chat(endpoint, max_retries=1).invoke("Help.", using(handler))

    metadata = said(recorder, keito)
    assert len(asked_for) == 2
    assert metadata["llm_calls"] == 1
    assert counts(metadata) == of_calls(1)
