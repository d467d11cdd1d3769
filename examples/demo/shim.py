"""What makes a model of 135 million parameters an agent's model.

So small a model writes nonsense and never calls a tool by itself. While no tool has answered yet,
the shim forces its words into the JSON of a tool call; after that it writes freely. Its token
counts and times are passed on untouched.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
from pydantic import BaseModel, JsonValue, ValidationError

from examples.demo.conversation import Conversation, ToolOffer, Turn
from examples.demo.endpoint import ModelError
from examples.demo.reply import Call, Reply, Tokens


@dataclass(frozen=True, slots=True)
class Measured:
    """One call, as the model's own server counted and timed it."""

    tokens: Tokens
    prompt_ms: float
    generated_ms: float


@dataclass(frozen=True, slots=True)
class Shim:
    """Answers agents from llama.cpp's server; remembers each call as that server measured it."""

    client: httpx.Client
    calls: list[Measured] = field(default_factory=list)

    def answer(self, asked: Conversation) -> Reply:
        completion = _complete(self.client, asked)
        self.calls.append(completion.measured)
        return _reply(asked, completion)


class _Message(BaseModel):
    content: str


class _Choice(BaseModel):
    message: _Message


class _PromptDetails(BaseModel):
    cached_tokens: int


class _Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: _PromptDetails


class _Timings(BaseModel):
    prompt_ms: float
    predicted_ms: float


class _Completion(BaseModel):
    """What llama.cpp's server answers."""

    choices: list[_Choice]
    usage: _Usage
    timings: _Timings

    @property
    def text(self) -> str:
        return self.choices[0].message.content

    @property
    def measured(self) -> Measured:
        cached = self.usage.prompt_tokens_details.cached_tokens
        tokens = Tokens(self.usage.prompt_tokens, cached, self.usage.completion_tokens)
        return Measured(tokens, self.timings.prompt_ms, self.timings.predicted_ms)


class _ToolCall(BaseModel):
    name: str
    arguments: dict[str, JsonValue]


def _complete(client: httpx.Client, asked: Conversation) -> _Completion:
    try:
        answer = client.post("/v1/chat/completions", json=_request(asked))
    except httpx.HTTPError as error:
        raise ModelError(502, f"The model's server is gone: {error}") from error
    if answer.is_error:
        raise ModelError(answer.status_code, answer.text)
    return _Completion.model_validate_json(answer.content)


def _request(asked: Conversation) -> dict[str, object]:
    request: dict[str, object] = {"messages": _messages(asked), "temperature": 0}
    if not _wants_call(asked):
        return request | {"max_tokens": asked.max_tokens or 40, "repeat_penalty": 1.1}
    schema = {"anyOf": [_call_schema(tool) for tool in asked.tools]}
    form = {"type": "json_schema", "json_schema": {"name": "tool_call", "schema": schema}}
    return request | {"max_tokens": asked.max_tokens or 200, "response_format": form}


def _reply(asked: Conversation, completion: _Completion) -> Reply:
    tokens = completion.measured.tokens
    if _wants_call(asked):
        try:
            call = _ToolCall.model_validate_json(completion.text)
        except ValidationError:  # the model ran out of tokens before it closed the JSON
            return Reply(asked.model, completion.text, tokens=tokens)
        return Reply(asked.model, calls=(Call(call.name, call.arguments),), tokens=tokens)
    return Reply(asked.model, completion.text, tokens=tokens)


def _wants_call(asked: Conversation) -> bool:
    return bool(asked.tools) and not asked.tool_results


def _messages(asked: Conversation) -> list[dict[str, str]]:
    """The turns in the three roles that the model knows.

    The tools are told in every request, so that its start stays the same and is cached.
    """
    system = [turn.text for turn in asked.turns if turn.role == "system"]
    system += [_described(tool) for tool in asked.tools]
    turns = [_message(turn) for turn in asked.turns if turn.role != "system"]
    return [{"role": "system", "content": "\n".join(system)}, *turns]


def _message(turn: Turn) -> dict[str, str]:
    if turn.role == "tool":
        return {"role": "user", "content": f"Tool result: {turn.text}"}
    return {"role": turn.role, "content": turn.text}


def _described(tool: ToolOffer) -> str:
    properties = tool.parameters.get("properties")
    names = ", ".join(properties) if isinstance(properties, dict) else ""
    return f"{tool.name}({names}): {tool.description}"


def _call_schema(tool: ToolOffer) -> dict[str, object]:
    properties = tool.parameters.get("properties")
    named = properties.items() if isinstance(properties, dict) else ()
    arguments = tool.parameters | {"properties": {name: _bounded(value) for name, value in named}}
    return {
        "type": "object",
        "properties": {"name": {"const": tool.name}, "arguments": arguments},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


def _bounded(schema: JsonValue) -> JsonValue:
    """The schema of an argument, short where it is a text: else the model never ends its string."""
    if isinstance(schema, dict) and schema.get("type") == "string" and "enum" not in schema:
        return schema | {"maxLength": 24}
    return schema
