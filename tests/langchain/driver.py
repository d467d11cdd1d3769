"""LangChain's part of the adapter contract."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import StructuredTool
from langchain_keito import KeitoCallbackHandler, log_outcome

from keito.billing import Recorder
from tests.contract import Driver, Reply
from tests.langchain.scripted import HANDS_ON, ScriptedModel, agent, asked, break_off, using


async def answer(clerk: Any, *handlers: KeitoCallbackHandler) -> str:
    """What an agent answers; asynchronous where a handler can hear of all that it does."""
    if HANDS_ON:
        result = await clerk.ainvoke(asked(), using(*handlers))
    else:
        result = await asyncio.to_thread(clerk.invoke, asked(), using(*handlers))
    return str(result["messages"][-1].content)


class LangChainDriver(Driver):
    framework = "langchain"

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.handler = KeitoCallbackHandler(recorder)

    async def run(self, *replies: Reply) -> str:
        return await answer(agent(*replies, tools=[log_outcome(self.recorder)]), self.handler)

    async def run_attached_twice(self, *replies: Reply) -> str:
        clerk = agent(*replies).with_config(callbacks=[KeitoCallbackHandler(self.recorder)])
        return await answer(clerk, self.handler, self.handler)

    async def run_nested(self, outer: tuple[Reply, ...], inner: tuple[Reply, ...]) -> str:
        expert = agent(*inner, name="expert")

        def ask(input: str) -> str:
            return str(expert.invoke(asked(input))["messages"][-1].content)

        async def ask_async(input: str) -> str:
            return str((await expert.ainvoke(asked(input)))["messages"][-1].content)

        tool = StructuredTool.from_function(
            ask, ask_async, name="ask_expert", description="Ask someone who knows."
        )
        return await answer(agent(*outer, tools=[tool]), self.handler)

    async def break_off(self, *replies: Reply) -> None:
        await asyncio.to_thread(self._break_off, replies)

    def _break_off(self, replies: tuple[Reply, ...]) -> None:
        model = ScriptedModel(replies=list(replies))
        steps = ChatPromptTemplate.from_messages([("user", "{text}")]) | model | StrOutputParser()
        break_off(steps.stream({"text": "Go on."}, using(self.handler)))
