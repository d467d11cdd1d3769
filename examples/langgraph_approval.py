"""A LangGraph graph stops until a person approves, and nobody pays for the wait.

LangGraph runs it as two invocations: two records with the same session, the thread's id.

Run it with `python -m examples.langgraph_approval`.
"""

from __future__ import annotations

import time
from typing import TypedDict

from langchain_core.runnables import RunnableConfig
from langchain_keito import KeitoCallbackHandler
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from pydantic import SecretStr

from examples.demo.conversation import Conversation
from examples.demo.model_server import counted, scripted_model
from examples.demo.reply import Reply
from examples.local import local_keito
from keito.billing import Recorder


class Refund(TypedDict, total=False):
    """What the graph works on."""

    order: str
    letter: str
    approved: bool


def main() -> None:
    """Draft a refund, wait for a person, and go on."""
    with local_keito() as local, scripted_model(draft) as endpoint:
        recorder = Recorder(**local.settings, target=local.target)
        key = SecretStr(endpoint.api_key)
        model = ChatOpenAI(model=endpoint.model, base_url=endpoint.base_url, api_key=key)

        def write(state: Refund) -> Refund:
            return {"letter": model.invoke(f"Refund {state.get('order')}").text}

        def approve(state: Refund) -> Refund:
            return {"approved": interrupt(state.get("letter"))}

        graph = StateGraph(Refund)
        graph.add_node("write", write)
        graph.add_node("approve", approve)
        graph.add_edge(START, "write")
        graph.add_edge("write", "approve")
        graph.add_edge("approve", END)
        agent = graph.compile(checkpointer=InMemorySaver(), name="refund-agent")

        config: RunnableConfig = {
            "callbacks": [KeitoCallbackHandler(recorder)],
            "configurable": {"thread_id": "O-1001"},
        }
        stopped = agent.invoke({"order": "O-1001"}, config)
        print(f"to approve: {stopped['__interrupt__'][0].value}")
        time.sleep(1)  # a person decides
        print(f"approved: {agent.invoke(Command(resume=True), config)['approved']}")

        local.show(recorder)
        said = [entry["metadata"] for entry in local.keito.entries()]
        print(f"sessions: {sorted({entry['session_id'] for entry in said})}")
        charged = sum(entry["seconds_charged"] for entry in said)
        print(f"the wait is charged: {charged >= 1}")


def draft(asked: Conversation) -> Reply:
    """What the model says."""
    return counted(asked, Reply(asked.model, text="We refund your order."))


if __name__ == "__main__":
    main()
