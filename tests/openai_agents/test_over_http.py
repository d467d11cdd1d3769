"""The SDK's own models over real HTTP: what the server counted is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from agents import (
    Agent,
    Model,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
)
from openai import AsyncOpenAI

from examples.demo.endpoint import Endpoint
from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.model_over_http import TOKENS, endpoint
from tests.openai_agents.scripted import look_up
from tests.openai_agents.ways import Way, ran, said, streamed

__all__ = ["endpoint"]

# A client belongs to one loop, so `run_sync` has a test of its own.
BOTH = pytest.mark.parametrize("way", [ran, streamed])


pytestmark = pytest.mark.usefixtures("attached")


@pytest.fixture
async def client(endpoint: Endpoint) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=endpoint.base_url, api_key=endpoint.api_key) as client:
        yield client


def clerk(model: Model, **settings: Any) -> Agent[Any]:
    return Agent(
        name="clerk", model=model, tools=[look_up], model_settings=ModelSettings(**settings)
    )


@BOTH
async def test_the_responses_api(
    way: Way,
    client: AsyncOpenAI,
    endpoint: Endpoint,
    recorder: Recorder,
    keito: LocalKeito,
) -> None:
    await way(clerk(OpenAIResponsesModel(endpoint.model, client)))

    metadata = said(recorder, keito)
    assert metadata["tokens_in"] == 2 * TOKENS.prompt
    assert metadata["tokens_out"] == 2 * TOKENS.generated
    assert metadata["tokens_cache_read"] == 2 * TOKENS.cached
    assert metadata["tokens_reasoning"] == 2 * TOKENS.reasoning
    assert metadata["model_name"] == endpoint.model


@BOTH
async def test_the_chat_api(
    way: Way,
    client: AsyncOpenAI,
    endpoint: Endpoint,
    recorder: Recorder,
    keito: LocalKeito,
) -> None:
    await way(clerk(OpenAIChatCompletionsModel(endpoint.model, client), include_usage=True))

    metadata = said(recorder, keito)
    assert metadata["tokens_in"] == 2 * TOKENS.prompt
    assert metadata["tokens_cache_read"] == 2 * TOKENS.cached
    assert metadata["tool_calls"] == 1


def test_a_synchronous_run(endpoint: Endpoint, recorder: Recorder, keito: LocalKeito) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    client = AsyncOpenAI(base_url=endpoint.base_url, api_key=endpoint.api_key)

    Runner.run_sync(clerk(OpenAIResponsesModel(endpoint.model, client)), "Help.")

    loop.run_until_complete(client.close())
    loop.close()
    asyncio.set_event_loop(None)
    metadata = said(recorder, keito)
    assert metadata["tokens_in"] == 2 * TOKENS.prompt
    assert metadata["tokens_cache_read"] == 2 * TOKENS.cached


async def test_a_chat_stream_from_another_address_has_unknown_usage(
    client: AsyncOpenAI, endpoint: Endpoint, recorder: Recorder, keito: LocalKeito
) -> None:
    # The SDK asks no other server than OpenAI's for the usage of a stream.
    await streamed(clerk(OpenAIChatCompletionsModel(endpoint.model, client)))

    metadata = said(recorder, keito)
    assert metadata["usage_incomplete"]
    assert "tokens_in" not in metadata


async def test_a_call_that_the_provider_refuses_leaves_nothing_unknown(
    client: AsyncOpenAI, endpoint: Endpoint, recorder: Recorder, keito: LocalKeito
) -> None:
    lost = client.with_options(base_url=endpoint.base_url + "/nowhere", max_retries=0)

    with pytest.raises(Exception, match="404"):
        await Runner.run(clerk(OpenAIResponsesModel(endpoint.model, lost)), "Help.")

    metadata = said(recorder, keito)
    assert metadata["status"] == "error"
    assert "usage_incomplete" not in metadata
