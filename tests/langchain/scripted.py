"""A chat model that says what a test tells it to, and an agent on it; all else is LangChain's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Generator, Iterator, Sequence
from typing import Any, cast

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, tool
from pydantic import PrivateAttr

from tests.contract import INPUT, OUTPUT, Calls, Fails, Hangs, Reply, Says

MODEL = "scripted-1"

HANDS_ON = sys.version_info >= (3, 11)
"""Whether what an asynchronous node calls has the callbacks of its run without being given them.

Before Python 3.11 LangChain can't: a task takes no context. No handler hears of such a call.
"""

needs_handing_on = pytest.mark.skipif(
    not HANDS_ON, reason="before Python 3.11 LangChain hands no callbacks on in asynchronous code"
)


class ScriptedModel(BaseChatModel):
    """Gives its replies one after the other."""

    replies: list[Any]
    usage: UsageMetadata | None = UsageMetadata(
        input_tokens=INPUT, output_tokens=OUTPUT, total_tokens=INPUT + OUTPUT
    )
    _next: Iterator[Reply] = PrivateAttr()

    def model_post_init(self, context: object, /) -> None:
        super().model_post_init(context)
        self._next = iter(self.replies)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: object) -> ScriptedModel:
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> ChatResult:
        reply = next(self._next)
        assert not isinstance(reply, Hangs), "only an asynchronous call can hang"
        return ChatResult(generations=[ChatGeneration(message=self._message(reply))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: object = None,
        **kwargs: object,
    ) -> ChatResult:
        reply = next(self._next)
        if isinstance(reply, Hangs):
            reply.reached.set()
            await asyncio.Event().wait()
        return ChatResult(generations=[ChatGeneration(message=self._message(reply))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> Iterator[ChatGenerationChunk]:
        message = self._message(next(self._next))
        for word in str(message.content).split():
            yield ChatGenerationChunk(message=AIMessageChunk(content=word + " "))
        last = AIMessageChunk(
            content="",
            tool_calls=message.tool_calls,
            usage_metadata=message.usage_metadata,
            response_metadata=message.response_metadata,
        )
        yield ChatGenerationChunk(message=last)

    def _message(self, reply: Reply) -> AIMessage:
        if isinstance(reply, Fails):
            raise reply.error
        message = AIMessage("", usage_metadata=self.usage, response_metadata={"model_name": MODEL})
        if isinstance(reply, Says):
            message.content = reply.text
        if isinstance(reply, Calls):
            call = tool_call(name=reply.tool, args=dict(reply.arguments), id=reply.id)
            message.tool_calls = [call]
        return message


@tool
def look_up() -> str:
    """Look something up."""
    return "found"


def agent(
    *replies: Reply, name: str = "clerk", tools: Sequence[BaseTool] = (), **settings: Any
) -> Any:
    """A real agent on a scripted model."""
    return create_agent(
        ScriptedModel(replies=list(replies)), [look_up, *tools], name=name, **settings
    )


def asked(text: str = "Help.") -> Any:
    """What an agent is invoked with."""
    return {"messages": [("user", text)]}


def using(*handlers: BaseCallbackHandler, **settings: Any) -> RunnableConfig:
    """The config that attaches handlers to one invocation."""
    return cast(RunnableConfig, {"callbacks": list(handlers), **settings})


def break_off(stream: Iterator[object]) -> None:
    """Read one piece and close the stream, as a consumer does that has seen enough."""
    next(stream)
    assert isinstance(stream, Generator)
    stream.close()
