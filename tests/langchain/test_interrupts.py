"""Graphs that wait for a person: two invocations, two records, and the wait in neither."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_keito import KeitoCallbackHandler
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Says, entries_of
from tests.langchain.scripted import ScriptedModel, needs_handing_on, using
from tests.langchain.test_runs import State


def asking() -> Any:
    """A graph that asks a model, then a person."""
    model = ScriptedModel(replies=[Says()])

    def think(state: State) -> State:
        model.invoke("Hm.")
        return {}

    graph = StateGraph(State)
    graph.add_node("think", think)
    graph.add_node("ask", lambda state: {"done": interrupt("May I?")})
    graph.add_edge(START, "think")
    graph.add_edge("think", "ask")
    return graph.compile(checkpointer=InMemorySaver())


def statuses(recorder: Recorder, keito: LocalKeito) -> list[tuple[str, int | None, bool]]:
    entries = entries_of(recorder, keito)
    return [
        (e["metadata"]["status"], e["metadata"].get("tokens_in"), e["billable"]) for e in entries
    ]


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_interrupted_run_and_its_resumption_are_two_records(
    wrapped: bool, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    graph = asking()
    config = using(handler, configurable={"thread_id": "t-1"})
    called = RunnableLambda(lambda given: graph.invoke(given)) if wrapped else graph

    called.invoke({}, config)
    result = called.invoke(Command(resume=True), config)

    assert result["done"] is True
    assert statuses(recorder, keito) == [("interrupted", INPUT, True), ("ok", None, True)]


@needs_handing_on
async def test_it_is_the_same_when_asynchronous(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    graph = asking()
    config = using(handler, configurable={"thread_id": "t-1"})

    await graph.ainvoke({}, config)
    await graph.ainvoke(Command(resume=True), config)

    assert statuses(recorder, keito) == [("interrupted", INPUT, True), ("ok", None, True)]
