"""What an agent asks a model: a request to either of OpenAI's two APIs, read into one form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, JsonValue

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message. A tool call is told as its JSON, since small models know no other form."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """A tool the model may call."""

    name: str
    description: str
    parameters: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One request to a model."""

    model: str
    turns: tuple[Turn, ...]
    tools: tuple[ToolOffer, ...] = ()
    stream: bool = False
    stream_usage: bool = False
    max_tokens: int | None = None

    @property
    def request(self) -> str:
        """What the user said last."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user"), "")

    @property
    def tool_results(self) -> tuple[str, ...]:
        """What tools answered since the user spoke last."""
        texts: list[str] = []
        for turn in self.turns:
            if turn.role == "user":
                texts.clear()
            elif turn.role == "tool":
                texts.append(turn.text)
        return tuple(texts)


_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "tool": "tool"}


class _Part(BaseModel):
    text: str = ""


_Content = str | list[_Part] | None


class _Function(BaseModel):
    name: str
    arguments: str = "{}"
    description: str | None = None
    parameters: dict[str, JsonValue] | None = None


class _ToolCall(BaseModel):
    function: _Function


class _StreamOptions(BaseModel):
    include_usage: bool = False


class _ChatMessage(BaseModel):
    role: str
    content: _Content = None
    tool_calls: list[_ToolCall] | None = None


class _ChatRequest(BaseModel):
    model: str
    messages: list[_ChatMessage]
    tools: list[_ToolCall] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None


class _Item(BaseModel):
    type: str = "message"
    role: str = "user"
    content: _Content = None
    name: str = ""
    arguments: str = "{}"
    output: _Content = None


class _ResponsesRequest(BaseModel):
    model: str
    input: str | list[_Item]
    instructions: str | None = None
    tools: list[_Function] | None = None
    stream: bool | None = None
    max_output_tokens: int | None = None


def read_chat(body: bytes) -> Conversation:
    """Read a request to `/chat/completions`; a malformed one raises ValueError."""
    asked = _ChatRequest.model_validate_json(body)
    return Conversation(
        model=asked.model,
        turns=tuple(turn for message in asked.messages for turn in _chat_turns(message)),
        tools=tuple(_offer(tool.function) for tool in asked.tools or ()),
        stream=bool(asked.stream),
        stream_usage=asked.stream_options is not None and asked.stream_options.include_usage,
        max_tokens=asked.max_completion_tokens or asked.max_tokens,
    )


def read_responses(body: bytes) -> Conversation:
    """Read a request to `/responses`; a malformed one raises ValueError."""
    asked = _ResponsesRequest.model_validate_json(body)
    items = [_Item(content=asked.input)] if isinstance(asked.input, str) else asked.input
    instructions = [Turn("system", asked.instructions)] if asked.instructions else []
    return Conversation(
        model=asked.model,
        turns=(*instructions, *(_item_turn(item) for item in items)),
        tools=tuple(_offer(function) for function in asked.tools or ()),
        stream=bool(asked.stream),
        stream_usage=True,
        max_tokens=asked.max_output_tokens,
    )


def _chat_turns(message: _ChatMessage) -> list[Turn]:
    calls = [
        _call_turn(call.function.name, call.function.arguments) for call in message.tool_calls or ()
    ]
    text = _text(message.content)
    return [Turn(_role(message.role), text), *calls] if text or not calls else calls


def _item_turn(item: _Item) -> Turn:
    if item.type == "function_call":
        return _call_turn(item.name, item.arguments)
    if item.type == "function_call_output":
        return Turn("tool", _text(item.output))
    return Turn(_role(item.role), _text(item.content))


def _call_turn(name: str, arguments: str) -> Turn:
    return Turn("assistant", json.dumps({"name": name, "arguments": arguments}))


def _role(role: str) -> Role:
    return _ROLES.get(role, "system")  # which newer models call "developer"


def _text(content: _Content) -> str:
    if isinstance(content, list):
        return "".join(part.text for part in content)
    return content or ""


def _offer(function: _Function) -> ToolOffer:
    return ToolOffer(function.name, function.description or "", function.parameters or {})
