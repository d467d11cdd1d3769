"""A graph as one is deployed, by whoever invokes it unseen: it asks a model, then a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypedDict

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_keito import KeitoCallbackHandler
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

INPUT, OUTPUT = 100, 10


class State(TypedDict, total=False):
    """What the graph carries from node to node."""

    answer: str
    approved: bool


def _answers() -> Iterator[AIMessage]:
    while True:
        yield AIMessage(
            "Done.",
            usage_metadata=UsageMetadata(
                input_tokens=INPUT, output_tokens=OUTPUT, total_tokens=INPUT + OUTPUT
            ),
        )


_model = GenericFakeChatModel(messages=_answers())


async def _think(state: State) -> State:
    answer = await _model.ainvoke("Hm.")
    return {"answer": answer.text}


async def _ask(state: State) -> State:
    return {"approved": interrupt("May I?")}


def _graph() -> Any:
    graph = StateGraph(State)
    graph.add_node("think", _think)
    graph.add_node("ask", _ask)
    graph.add_edge(START, "think")
    graph.add_edge("think", "ask")
    return graph.compile().with_config(callbacks=[KeitoCallbackHandler()])


graph = _graph()
