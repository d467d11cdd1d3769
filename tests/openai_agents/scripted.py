"""A model that says what a test tells it to; all else is the SDK's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

from agents import Agent, Model, ModelResponse, Tool, Usage, function_tool
from agents.items import TResponseStreamEvent
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputItem,
    ResponseOutputMessage,
    ResponseTextDeltaEvent,
    ResponseUsage,
)

from tests.contract import INPUT, OUTPUT, Calls, Fails, Hangs, Reply, Says

MODEL = "scripted-1"

Said = Reply | Sequence[Calls]
"""A reply, or several calls of tools at once."""


class ScriptedModel(Model):
    """Gives its replies one after the other."""

    def __init__(self, *replies: Said, tokens: tuple[int, int] = (INPUT, OUTPUT)) -> None:
        self.model = MODEL
        self.answered = 0
        self._replies = iter(replies)
        self._tokens = tokens

    async def get_response(self, *args: object, **kwargs: object) -> ModelResponse:
        response = await self._response()
        assert response.usage is not None
        usage = Usage(
            requests=1,
            input_tokens=response.usage.input_tokens,
            input_tokens_details=response.usage.input_tokens_details,
            output_tokens=response.usage.output_tokens,
            output_tokens_details=response.usage.output_tokens_details,
            total_tokens=response.usage.total_tokens,
        )
        return ModelResponse(output=response.output, usage=usage, response_id=response.id)

    async def stream_response(
        self, *args: object, **kwargs: object
    ) -> AsyncIterator[TResponseStreamEvent]:
        response = await self._response()
        for number, word in enumerate(response.output_text.split()):
            yield ResponseTextDeltaEvent(
                type="response.output_text.delta",
                content_index=0,
                delta=word + " ",
                item_id="message",
                logprobs=[],
                output_index=0,
                sequence_number=number,
            )
            await asyncio.sleep(0)
        yield ResponseCompletedEvent(
            type="response.completed", response=response, sequence_number=len(response.output_text)
        )

    async def _response(self) -> Response:
        reply = next(self._replies)
        if isinstance(reply, Fails):
            raise reply.error
        if isinstance(reply, Hangs):
            reply.reached.set()
            await asyncio.Event().wait()
        self.answered += 1
        return Response.model_validate(
            {
                "id": f"resp_{uuid4().hex}",
                "created_at": 0,
                "model": MODEL,
                "object": "response",
                "output": [
                    _item(one) for one in (reply if isinstance(reply, Sequence) else [reply])
                ],
                "parallel_tool_calls": True,
                "tool_choice": "auto",
                "tools": [],
                "usage": _usage(*self._tokens).model_dump(),
            }
        )


@function_tool
def look_up() -> str:
    """Look something up."""
    return "found"


def agent(
    *replies: Said, name: str = "clerk", tools: Sequence[Tool] = (), **settings: Any
) -> Agent[Any]:
    """A real agent on a scripted model."""
    return Agent(name=name, model=ScriptedModel(*replies), tools=[look_up, *tools], **settings)


def _item(reply: Reply) -> ResponseOutputItem:
    if isinstance(reply, Calls):
        return ResponseFunctionToolCall.model_validate(
            {
                "type": "function_call",
                "name": reply.tool,
                "arguments": json.dumps(dict(reply.arguments)),
                "call_id": reply.id,
            }
        )
    assert isinstance(reply, Says)
    return ResponseOutputMessage.model_validate(
        {
            "id": "message",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": reply.text, "annotations": []}],
        }
    )


def _usage(input_tokens: int, output_tokens: int) -> ResponseUsage:
    return ResponseUsage.model_validate(
        {
            "input_tokens": input_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": input_tokens + output_tokens,
        }
    )
