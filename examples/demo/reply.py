"""What a model answers, and how OpenAI's two APIs write it, at once or as a stream."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one call consumed. Cached tokens are part of the prompt, reasoning of the generated."""

    prompt: int
    cached: int
    generated: int
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A tool the model wants called."""

    name: str
    arguments: Mapping[str, object]
    id: str = field(default_factory=lambda: f"call_{uuid.uuid4().hex[:24]}")

    @property
    def arguments_json(self) -> str:
        return json.dumps(self.arguments)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a model: words or tool calls. Without tokens, it carries no usage."""

    model: str
    text: str = ""
    calls: tuple[Call, ...] = ()
    tokens: Tokens | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def words(self) -> list[str]:
        """The text in the pieces a stream sends."""
        return [word + " " for word in self.text.split(" ")[:-1]] + self.text.split(" ")[-1:]


def chat_completion(reply: Reply) -> Json:
    """The body of an answer from `/chat/completions`."""
    message: Json = {"role": "assistant", "content": reply.text or None}
    if reply.calls:
        message["tool_calls"] = [_chat_call(call) for call in reply.calls]
    choice: Json = {"index": 0, "message": message, "finish_reason": _finish_reason(reply)}
    return _chat_head(reply, "chat.completion") | {"choices": [choice]} | _chat_usage(reply)


def chat_chunks(reply: Reply, *, usage: bool) -> Iterator[Json]:
    """The events of a stream from `/chat/completions`, which has usage only when asked for it."""
    yield _chunk(reply, {"role": "assistant", "content": ""})
    for index, call in enumerate(reply.calls):
        yield _chunk(reply, {"tool_calls": [{"index": index, **_chat_call(call)}]})
    for word in reply.words if not reply.calls else []:
        yield _chunk(reply, {"content": word})
    yield _chunk(reply, {}, finish_reason=_finish_reason(reply))
    if usage:
        yield _chat_head(reply, "chat.completion.chunk") | {"choices": []} | _chat_usage(reply)


def response(reply: Reply) -> Json:
    """The body of an answer from `/responses`."""
    return _response(reply, "completed", _items(reply)) | _response_usage(reply)


def response_events(reply: Reply) -> Iterator[Json]:
    """The events of a stream from `/responses`, numbered."""
    for number, event in enumerate(_response_events(reply)):
        yield event | {"sequence_number": number}


def _finish_reason(reply: Reply) -> str:
    return "tool_calls" if reply.calls else "stop"


def _chat_head(reply: Reply, kind: str) -> Json:
    head = {"id": f"chatcmpl-{reply.id}", "object": kind, "created": int(time.time())}
    return {**head, "model": reply.model}


def _chunk(reply: Reply, delta: Json, finish_reason: str | None = None) -> Json:
    choice: Json = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _chat_head(reply, "chat.completion.chunk") | {"choices": [choice]}


def _chat_call(call: Call) -> Json:
    function = {"name": call.name, "arguments": call.arguments_json}
    return {"id": call.id, "type": "function", "function": function}


def _chat_usage(reply: Reply) -> Json:
    tokens = reply.tokens
    if tokens is None:
        return {}
    usage: Json = {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.generated,
        "total_tokens": tokens.prompt + tokens.generated,
        "prompt_tokens_details": {"cached_tokens": tokens.cached},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }
    return {"usage": usage}


def _response(reply: Reply, status: str, output: list[Json]) -> Json:
    return {
        "id": f"resp_{reply.id}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "model": reply.model,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
    }


def _response_usage(reply: Reply) -> Json:
    tokens = reply.tokens
    if tokens is None:
        return {"usage": None}
    usage: Json = {
        "input_tokens": tokens.prompt,
        "input_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": 0},
        "output_tokens": tokens.generated,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.prompt + tokens.generated,
    }
    return {"usage": usage}


def _items(reply: Reply) -> list[Json]:
    if reply.calls:
        return [_call_item(call) for call in reply.calls]
    part: Json = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
    return [_message_item(reply, "completed", [part])]


def _message_item(reply: Reply, status: str, content: list[Json]) -> Json:
    head: Json = {"id": f"msg_{reply.id}", "type": "message", "role": "assistant"}
    return head | {"status": status, "content": content}


def _call_item(call: Call) -> Json:
    head: Json = {"id": f"fc_{call.id}", "type": "function_call", "call_id": call.id}
    return head | {"name": call.name, "arguments": call.arguments_json, "status": "completed"}


def _response_events(reply: Reply) -> Iterator[Json]:
    yield {"type": "response.created", "response": _response(reply, "in_progress", [])}
    for index, call in enumerate(reply.calls):
        yield from _call_events(call, index)
    if not reply.calls:
        yield from _text_events(reply)
    yield {"type": "response.completed", "response": response(reply)}


def _call_events(call: Call, index: int) -> Iterator[Json]:
    item = _call_item(call)
    where: Json = {"item_id": item["id"], "output_index": index}
    opening = item | {"arguments": "", "status": "in_progress"}
    arguments = call.arguments_json
    yield {"type": "response.output_item.added", "output_index": index, "item": opening}
    yield {"type": "response.function_call_arguments.delta", **where, "delta": arguments}
    done = {"type": "response.function_call_arguments.done", **where}
    yield {**done, "name": call.name, "arguments": arguments}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _text_events(reply: Reply) -> Iterator[Json]:
    [item] = _items(reply)
    opening = _message_item(reply, "in_progress", [])
    where: Json = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    empty: Json = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    yield {"type": "response.output_item.added", "output_index": 0, "item": opening}
    yield {"type": "response.content_part.added", **where, "part": empty}
    for word in reply.words:
        yield {"type": "response.output_text.delta", **where, "delta": word, "logprobs": []}
    yield {"type": "response.output_text.done", **where, "text": reply.text, "logprobs": []}
    yield {"type": "response.content_part.done", **where, "part": empty | {"text": reply.text}}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
