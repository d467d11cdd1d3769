"""A model of Pydantic AI that says what a test tells it to; all else is the framework's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from pydantic_ai import Agent, Tool
from pydantic_ai.messages import (
    ModelResponse,
    ModelResponseStreamEvent,
    TextPart,
    ToolCallPart,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.usage import RequestUsage

from tests.contract import INPUT, OUTPUT, Calls, Fails, Hangs, Reply, Says

MODEL = "scripted-1"


class ScriptedModel(Model[Any]):
    """Gives its replies one after the other."""

    def __init__(self, *replies: Reply) -> None:
        super().__init__()
        self._replies = iter(replies)

    @property
    def model_name(self) -> str:
        return MODEL

    @property
    def system(self) -> str:
        return "scripted"

    @property
    def provider(self) -> None:
        return None

    async def request(self, *args: object, **kwargs: object) -> ModelResponse:
        reply = await self._reply()
        usage = RequestUsage(input_tokens=INPUT, output_tokens=OUTPUT)
        return ModelResponse(parts=[_part(reply)], usage=usage, model_name=MODEL)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: object,
        model_settings: object,
        model_request_parameters: ModelRequestParameters,
        run_context: object = None,
    ) -> AsyncIterator[StreamedResponse]:
        reply = await self._reply()
        assert isinstance(reply, Says)
        yield Streamed(model_request_parameters, words=reply.text.split())

    async def _reply(self) -> Says | Calls:
        reply = next(self._replies)
        if isinstance(reply, Fails):
            raise reply.error
        if isinstance(reply, Hangs):
            reply.reached.set()
            await asyncio.Event().wait()
            raise AssertionError("nothing wakes it")
        return reply


@dataclass
class Streamed(StreamedResponse):
    """An answer word by word, with its usage at the end, as providers send it."""

    words: list[str] = field(kw_only=True)

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        for word in self.words:
            for event in self._parts_manager.handle_text_delta(
                vendor_part_id="text", content=word + " "
            ):
                yield event
            await asyncio.sleep(0)
        self._usage = RequestUsage(input_tokens=INPUT, output_tokens=OUTPUT)

    @property
    def model_name(self) -> str:
        return MODEL

    @property
    def provider_name(self) -> str:
        return "scripted"

    @property
    def provider_url(self) -> None:
        return None

    @property
    def timestamp(self) -> datetime:
        return datetime.now(timezone.utc)


def look_up() -> str:
    """Look something up."""
    return "found"


def agent(
    *replies: Reply,
    name: str = "clerk",
    tools: list[Tool[Any] | Callable[..., Any]] | None = None,
    **settings: Any,
) -> Agent[Any, str]:
    """A real agent on a scripted model."""
    return Agent(ScriptedModel(*replies), name=name, tools=[look_up, *(tools or ())], **settings)


def _part(reply: Says | Calls) -> TextPart | ToolCallPart:
    if isinstance(reply, Says):
        return TextPart(reply.text)
    return ToolCallPart(reply.tool, dict(reply.arguments), tool_call_id=reply.id)
