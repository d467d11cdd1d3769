"""A support agent in LangChain. Two lines bill it: those with a comment that says so."""

from __future__ import annotations

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import tool
from langchain_keito import KeitoCallbackHandler  # billing
from langchain_keito import log_outcome as log_outcome_tool
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from examples.demo.endpoint import Endpoint
from examples.demo.support import INSTRUCTIONS, Ticket, Work, look_up_order, start_return
from keito.billing import Recorder

NAME = "langchain-agent"


def work(ticket: Ticket, model: Endpoint, recorder: Recorder) -> Work:
    """Have the agent work a ticket."""
    agent = create_agent(
        ChatOpenAI(model=model.model, base_url=model.base_url, api_key=SecretStr(model.api_key)),
        tools=[tool(look_up_order), tool(start_return), log_outcome_tool(recorder)],
        system_prompt=INSTRUCTIONS,
        name=NAME,
    )
    said = agent.invoke(
        {"messages": [{"role": "user", "content": ticket.prompt}]},
        config={"callbacks": [KeitoCallbackHandler(recorder)]},  # billing
    )
    return _done(ticket, said["messages"])


def _done(ticket: Ticket, messages: list[BaseMessage]) -> Work:
    calls = [call for said in messages if isinstance(said, AIMessage) for call in said.tool_calls]
    shown = tuple(f"{call['name']}({', '.join(map(str, call['args'].values()))})" for call in calls)
    return Work(ticket, shown, messages[-1].text)
