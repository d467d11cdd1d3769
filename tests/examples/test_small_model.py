"""The real model: that agents can use it, and that its numbers are its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from examples.demo.small_model import SmallModel, SmallModelError, install, small_model
from examples.demo.support import INSTRUCTIONS, TICKETS

LOOK_UP = "look_up_order"
PARAMETERS: dict[str, object] = {
    "type": "object",
    "properties": {"order_id": {"type": "string"}},
    "required": ["order_id"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def model() -> Iterator[SmallModel]:
    try:
        install()
    except SmallModelError as error:
        pytest.skip(f"the small model can't be installed here: {error}")
    with small_model() as model:
        yield model


@pytest.fixture
def client(model: SmallModel) -> Iterator[openai.OpenAI]:
    model.calls.clear()
    with openai.OpenAI(base_url=model.endpoint.base_url, api_key="any", max_retries=0) as client:
        yield client


def test_without_a_network_it_says_why_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))

    with pytest.raises(SmallModelError, match="network"):
        install(tmp_path / "venv")


@pytest.mark.timeout(300)
def test_a_request_with_tools_becomes_a_tool_call(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": TICKETS["T-105"].prompt}],
        tools=[{"type": "function", "function": {"name": LOOK_UP, "parameters": PARAMETERS}}],
    )

    [call] = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == LOOK_UP
    assert "order_id" in call.function.arguments


def test_after_a_tool_result_it_writes_freely(client: openai.OpenAI) -> None:
    answer = client.responses.create(
        model="m",
        instructions=INSTRUCTIONS,
        input=[
            {"role": "user", "content": TICKETS["T-105"].prompt},
            {"type": "function_call", "call_id": "c", "name": LOOK_UP, "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "out for delivery"},
        ],
        tools=[{"type": "function", "name": LOOK_UP, "parameters": PARAMETERS, "strict": True}],
    )

    assert [item.type for item in answer.output] == ["message"]
    assert answer.output_text


def test_usage_is_what_the_models_server_counted(model: SmallModel, client: openai.OpenAI) -> None:
    answers = [
        client.responses.create(model="m", instructions=INSTRUCTIONS, input=TICKETS["T-101"].prompt)
        for _ in range(2)
    ]

    usages = [answer.usage for answer in answers if answer.usage]
    measured = [call.tokens for call in model.calls]
    assert [(usage.input_tokens, usage.output_tokens) for usage in usages] == [
        (tokens.prompt, tokens.generated) for tokens in measured
    ]
    assert measured[1].cached > 0, "the same prompt again comes from the cache"
    assert usages[1].input_tokens_details.cached_tokens == measured[1].cached
    assert all(call.generated_ms > 0 for call in model.calls)


def test_a_limit_on_tokens_holds(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Tell me a story."}], max_tokens=7
    )

    assert answer.usage is not None
    assert answer.usage.completion_tokens == 7


def test_a_prompt_that_is_too_long_is_refused_in_the_servers_words(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="exceeds the available context size"):
        client.responses.create(model="m", input="word " * 6000)
