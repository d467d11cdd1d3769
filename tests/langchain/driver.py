"""LangChain's part of the adapter contract."""

from __future__ import annotations

import asyncio

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_keito import KeitoCallbackHandler, log_outcome

from keito.billing import Recorder
from tests.contract import Driver, Reply
from tests.langchain.scripted import ScriptedModel, agent, asked, break_off, using


class LangChainDriver(Driver):
    framework = "langchain"

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.handler = KeitoCallbackHandler(recorder)

    async def run(self, *replies: Reply) -> str:
        clerk = agent(*replies, tools=[log_outcome(self.recorder)])
        result = await clerk.ainvoke(asked(), using(self.handler))
        return str(result["messages"][-1].content)

    async def run_attached_twice(self, *replies: Reply) -> str:
        clerk = agent(*replies).with_config(callbacks=[KeitoCallbackHandler(self.recorder)])
        result = await clerk.ainvoke(asked(), using(self.handler, self.handler))
        return str(result["messages"][-1].content)

    async def run_nested(self, outer: tuple[Reply, ...], inner: tuple[Reply, ...]) -> str:
        expert = agent(*inner, name="expert")

        @tool
        async def ask_expert(input: str) -> str:
            """Ask someone who knows."""
            result = await expert.ainvoke(asked(input))
            return str(result["messages"][-1].content)

        clerk = agent(*outer, tools=[ask_expert])
        result = await clerk.ainvoke(asked(), using(self.handler))
        return str(result["messages"][-1].content)

    async def break_off(self, *replies: Reply) -> None:
        await asyncio.to_thread(self._break_off, replies)

    def _break_off(self, replies: tuple[Reply, ...]) -> None:
        model = ScriptedModel(replies=list(replies))
        steps = ChatPromptTemplate.from_messages([("user", "{text}")]) | model | StrOutputParser()
        break_off(steps.stream({"text": "Go on."}, using(self.handler)))
