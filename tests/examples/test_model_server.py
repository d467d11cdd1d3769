"""The scripted model, asked by OpenAI's own client and by both agent frameworks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import agents
import openai
import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph.state import CompiledStateGraph
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import SecretStr

from examples.demo.conversation import Conversation
from examples.demo.endpoint import Endpoint, ModelError
from examples.demo.model_server import SCRIPT, counted, scripted_model
from examples.demo.reply import Call, Reply, Tokens
from examples.demo.support import TICKETS, look_up_order, start_return

LATE: list[ChatCompletionMessageParam] = [{"role": "user", "content": TICKETS["T-101"].prompt}]
LOOK_UP: list[ChatCompletionToolParam] = [
    {
        "type": "function",
        "function": {
            "name": "look_up_order",
            "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}},
        },
    }
]


@pytest.fixture
def model() -> Iterator[Endpoint]:
    with scripted_model() as endpoint:
        yield endpoint


@pytest.fixture
def client(model: Endpoint) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=model.base_url, api_key=model.api_key, max_retries=0) as client:
        yield client


def test_the_first_answer_calls_the_tool_of_the_ticket(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="m", messages=LATE, tools=LOOK_UP)

    [call] = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert (call.function.name, call.function.arguments) == (
        "look_up_order",
        '{"order_id": "4711"}',
    )
    assert answer.choices[0].finish_reason == "tool_calls"


def test_chat_usage_says_what_was_cached_and_reasoned(client: openai.OpenAI) -> None:
    first = client.chat.completions.create(model="m", messages=LATE).usage
    again = client.chat.completions.create(
        model="m",
        messages=[
            *LATE,
            {"role": "assistant", "content": "One moment."},
            {"role": "tool", "tool_call_id": "call_1", "content": "found"},
        ],
    ).usage

    assert first is not None
    assert again is not None
    assert first.completion_tokens_details is not None
    assert first.completion_tokens_details.reasoning_tokens == 24
    assert again.prompt_tokens_details is not None
    assert again.prompt_tokens_details.cached_tokens == first.prompt_tokens
    assert again.prompt_tokens > first.prompt_tokens
    assert again.total_tokens == again.prompt_tokens + again.completion_tokens


def test_a_chat_stream_has_usage_only_when_asked_for_it(client: openai.OpenAI) -> None:
    silent = list(client.chat.completions.create(model="m", messages=LATE, stream=True))
    telling = list(
        client.chat.completions.create(
            model="m", messages=LATE, stream=True, stream_options={"include_usage": True}
        )
    )

    assert [chunk.usage for chunk in silent if chunk.usage] == []
    assert [bool(chunk.usage) for chunk in telling].count(True) == 1
    assert telling[-1].usage is not None
    assert telling[-1].choices == []


def test_a_chat_stream_adds_up_to_the_whole_answer() -> None:
    with (
        scripted_model(lambda asked: Reply(asked.model, "It is on its way.")) as model,
        openai.OpenAI(base_url=model.base_url, api_key=model.api_key) as client,
    ):
        chunks = list(client.chat.completions.create(model="m", messages=LATE, stream=True))

    texts = [chunk.choices[0].delta.content or "" for chunk in chunks]
    assert "".join(texts) == "It is on its way."
    assert len([text for text in texts if text]) == 5
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_responses_answer_with_a_call_and_its_usage(client: openai.OpenAI) -> None:
    answer = client.responses.create(model="m", input=TICKETS["T-101"].prompt)

    [item] = answer.output
    assert item.type == "function_call"
    assert (item.name, item.arguments) == ("look_up_order", '{"order_id": "4711"}')
    assert answer.usage is not None
    assert answer.usage.output_tokens_details.reasoning_tokens == 24
    assert answer.usage.input_tokens_details.cached_tokens == 0


async def test_a_responses_stream_ends_with_the_whole_answer() -> None:
    with scripted_model(lambda asked: counted(asked, Reply(asked.model, "On its way."))) as model:
        async with (
            openai.AsyncOpenAI(base_url=model.base_url, api_key=model.api_key) as client,
            client.responses.stream(model="m", input="Where is it?") as stream,
        ):
            deltas = [
                event.delta async for event in stream if event.type == "response.output_text.delta"
            ]
            final = await stream.get_final_response()

    assert "".join(deltas) == "On its way."
    assert final.output_text == "On its way."
    assert final.usage is not None
    assert final.usage.output_tokens == 3


def test_every_answer_has_an_id_of_its_own(client: openai.OpenAI) -> None:
    ids = {client.chat.completions.create(model="m", messages=LATE).id for _ in range(3)}

    assert len(ids) == 3


def test_a_reply_without_tokens_has_no_usage() -> None:
    with (
        scripted_model(lambda asked: Reply(asked.model, "Hello.")) as model,
        openai.OpenAI(base_url=model.base_url, api_key=model.api_key) as client,
    ):
        chat = client.chat.completions.create(model="m", messages=LATE)
        responses = client.responses.create(model="m", input="Hi")

    assert chat.usage is None
    assert responses.usage is None


def test_tokens_of_a_reply_are_sent_as_they_are() -> None:
    tokens = Tokens(prompt=100, cached=60, generated=50, reasoning=20)
    with (
        scripted_model(lambda asked: Reply(asked.model, "Hello.", tokens=tokens)) as model,
        openai.OpenAI(base_url=model.base_url, api_key=model.api_key) as client,
    ):
        usage = client.responses.create(model="m", input="Hi").usage

    assert usage is not None
    assert (usage.input_tokens, usage.input_tokens_details.cached_tokens) == (100, 60)
    assert (usage.output_tokens, usage.output_tokens_details.reasoning_tokens) == (50, 20)


def test_a_model_error_reaches_the_client_with_its_status() -> None:
    def overloaded(asked: Conversation) -> Reply:
        raise ModelError(503, f"{asked.model} has too much to do")

    with (
        scripted_model(overloaded) as model,
        openai.OpenAI(base_url=model.base_url, api_key=model.api_key, max_retries=0) as client,
        pytest.raises(openai.InternalServerError, match="m has too much to do") as raised,
    ):
        client.responses.create(model="m", input="Hi")

    assert raised.value.status_code == 503


def test_a_ticket_the_script_does_not_know_is_an_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="no ticket like this"):
        client.responses.create(model="m", input="Ticket T-999: hello?")


def test_a_malformed_request_is_an_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="messages"):
        client.post("/chat/completions", body={"model": "m"}, cast_to=object)


def test_a_langchain_agent_works_its_ticket(model: Endpoint) -> None:
    said: dict[str, Any] = _langchain_agent(model).invoke(_question("T-101"))

    assert said["messages"][-1].content == SCRIPT["T-101"][-1].say
    assert _usages(said["messages"])[0]["output_token_details"] == {"reasoning": 24}


def test_concurrent_agents_get_their_own_stories(model: Endpoint) -> None:
    agent = _langchain_agent(model)
    tickets = list(TICKETS) * 4

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda ticket: agent.invoke(_question(ticket)), tickets))

    last = [answer["messages"][-1].content for answer in answers]
    assert last == [SCRIPT[ticket][-1].say for ticket in tickets]


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_an_openai_agent_works_its_ticket(model: Endpoint, api: str) -> None:
    async with openai.AsyncOpenAI(base_url=model.base_url, api_key=model.api_key) as client:
        result = await agents.Runner.run(
            _openai_agent(client, api), TICKETS["T-103"].prompt, run_config=_UNTRACED
        )

    assert result.final_output == SCRIPT["T-103"][-1].say
    assert result.context_wrapper.usage.requests == 4
    assert result.context_wrapper.usage.output_tokens_details.reasoning_tokens == 16


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_a_streamed_openai_agent_works_its_ticket(model: Endpoint, api: str) -> None:
    async with openai.AsyncOpenAI(base_url=model.base_url, api_key=model.api_key) as client:
        result = agents.Runner.run_streamed(
            _openai_agent(client, api), TICKETS["T-103"].prompt, run_config=_UNTRACED
        )
        async for _ in result.stream_events():
            pass

    assert result.final_output == SCRIPT["T-103"][-1].say
    assert result.context_wrapper.usage.input_tokens > 0


def test_parallel_calls_arrive_together() -> None:
    def twice(asked: Conversation) -> Reply:
        if asked.tool_results:
            return Reply(asked.model, " and ".join(asked.tool_results))
        calls = tuple(Call("look_up_order", {"order_id": order}) for order in ("4711", "4712"))
        return Reply(asked.model, calls=calls)

    with scripted_model(twice) as model:
        said: dict[str, Any] = _langchain_agent(model).invoke(_question("T-101"))

    answer = said["messages"][-1].content
    assert answer == f"{look_up_order('4711')} and {look_up_order('4712')}"


_UNTRACED = agents.RunConfig(tracing_disabled=True)


def _question(ticket: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": TICKETS[ticket].prompt}]}


def _usages(messages: list[Any]) -> list[Any]:
    return [m.usage_metadata for m in messages if isinstance(m, AIMessage)]


def _log_outcome(outcome_type: str, subject: str, description: str) -> str:
    """Log what was achieved."""
    return f"{outcome_type} {subject} {description}"


def _langchain_agent(model: Endpoint) -> CompiledStateGraph[Any, Any, Any, Any]:
    chat = ChatOpenAI(model="m", base_url=model.base_url, api_key=SecretStr(model.api_key))
    tools = [tool(look_up_order), tool(start_return), tool("log_outcome")(_log_outcome)]
    return create_agent(chat, tools=tools)


def _openai_agent(client: openai.AsyncOpenAI, api: str) -> agents.Agent[None]:
    model: agents.Model
    if api == "chat":
        model = agents.OpenAIChatCompletionsModel(model="m", openai_client=client)
    else:
        model = agents.OpenAIResponsesModel(model="m", openai_client=client)
    tools = [agents.function_tool(look_up_order), agents.function_tool(start_return)]
    return agents.Agent(
        name="support",
        model=model,
        model_settings=agents.ModelSettings(include_usage=True),
        tools=[*tools, agents.function_tool(_log_outcome, name_override="log_outcome")],
    )
