"""Graphs that wait for a person: two invocations, two records, and the wait in neither."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableLambda
from langchain_keito import KeitoCallbackHandler
from langchain_keito._langgraph import GraphCallbackHandler
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Says, entries_of
from tests.langchain.scripted import ScriptedModel, agent, asked, needs_handing_on, using
from tests.langchain.test_runs import State

WAIT = 0.1

needs_lifecycle = pytest.mark.skipif(
    GraphCallbackHandler is BaseCallbackHandler,
    reason="before 1.2 LangGraph told nobody that it stops beside a node",
)


def asking() -> Any:
    """A graph that asks a model, then a person."""
    model = ScriptedModel(replies=[Says()] * 2)

    def think(state: State) -> State:
        model.invoke("Hm.")
        return {}

    graph = StateGraph(State)
    graph.add_node("think", think)
    graph.add_node("ask", lambda state: {"done": interrupt("May I?")})
    graph.add_edge(START, "think")
    graph.add_edge("think", "ask")
    return graph.compile(checkpointer=InMemorySaver())


def thinking() -> Any:
    """A graph of one node that does nothing."""
    graph = StateGraph(State)
    graph.add_node("think", lambda state: {})
    graph.add_node("act", lambda state: {"done": True})
    graph.add_edge(START, "think")
    graph.add_edge("think", "act")
    return graph


def statuses(recorder: Recorder, keito: LocalKeito) -> list[tuple[str, int | None, bool]]:
    entries = entries_of(recorder, keito)
    return [
        (e["metadata"]["status"], e["metadata"].get("tokens_in"), e["billable"]) for e in entries
    ]


def moment(written: str) -> float:
    # Python reads no `Z` before 3.11.
    return datetime.fromisoformat(written.replace("Z", "+00:00")).timestamp()


def sessions(keito: LocalKeito) -> list[str | None]:
    return [entry["metadata"].get("session_id") for entry in keito.entries()]


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
    assert sessions(keito) == ["t-1", "t-1"]


@needs_handing_on
async def test_it_is_the_same_when_asynchronous(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    graph = asking()
    config = using(handler, configurable={"thread_id": "t-1"})

    await graph.ainvoke({}, config)
    await graph.ainvoke(Command(resume=True), config)

    assert statuses(recorder, keito) == [("interrupted", INPUT, True), ("ok", None, True)]


@needs_lifecycle
@pytest.mark.parametrize("when", ["interrupt_before", "interrupt_after"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_graph_that_stops_beside_a_node_is_interrupted(
    wrapped: bool, when: str, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # No node raises here: only LangGraph's own callback tells of it.
    stops: dict[str, Any] = {when: ["think"]}
    graph = thinking().compile(checkpointer=InMemorySaver(), **stops)
    config = using(handler, configurable={"thread_id": "t-1"})
    called = RunnableLambda(lambda given: graph.invoke(given)) if wrapped else graph

    called.invoke({}, config)
    called.invoke(None, config)

    assert [one[0] for one in statuses(recorder, keito)] == ["interrupted", "ok"]
    assert sessions(keito) == ["t-1", "t-1"]


def test_the_wait_between_them_is_not_charged(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    graph = asking()
    config = using(handler, configurable={"thread_id": "t-1"})

    graph.invoke({}, config)
    time.sleep(WAIT)
    graph.invoke(Command(resume=True), config)

    first, second = (entry["metadata"] for entry in entries_of(recorder, keito))
    took = moment(second["ended_at"]) - moment(first["started_at"])
    charged = float(first["seconds_charged"]) + float(second["seconds_charged"])
    assert charged <= took - WAIT / 2


def test_a_subgraph_that_waits_makes_the_whole_run_wait(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    inner = StateGraph(State)
    inner.add_node("ask", lambda state: {"done": interrupt("May I?")})
    inner.add_edge(START, "ask")
    outer = StateGraph(State)
    outer.add_node("sub", inner.compile())
    outer.add_edge(START, "sub")
    graph = outer.compile(checkpointer=InMemorySaver())
    config = using(handler, configurable={"thread_id": "t-1"})

    graph.invoke({}, config)
    graph.invoke(Command(resume=True), config)

    assert [one[0] for one in statuses(recorder, keito)] == ["interrupted", "ok"]


def test_a_model_call_that_is_repeated_on_resuming_counts_again(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # LangGraph runs the whole node again: two calls were made, and two are paid for.
    model = ScriptedModel(replies=[Says(), Says()])

    def think_and_ask(state: State) -> State:
        model.invoke("Hm.")
        return {"done": interrupt("May I?")}

    graph = StateGraph(State)
    graph.add_node("both", think_and_ask)
    graph.add_edge(START, "both")
    compiled = graph.compile(checkpointer=InMemorySaver())
    config = using(handler, configurable={"thread_id": "t-1"})

    compiled.invoke({}, config)
    compiled.invoke(Command(resume=True), config)

    assert statuses(recorder, keito) == [("interrupted", INPUT, True), ("ok", INPUT, True)]


def test_a_stream_that_ends_in_an_interrupt_is_interrupted(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    graph = asking()

    list(graph.stream({}, using(handler, configurable={"thread_id": "t-1"})))

    assert [one[0] for one in statuses(recorder, keito)] == ["interrupted"]


def test_the_turns_of_a_thread_are_linked_runs(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    clerk = agent(Says(), Says(), checkpointer=InMemorySaver())

    for _ in range(2):
        clerk.invoke(asked(), using(handler, configurable={"thread_id": "t-1"}))

    assert statuses(recorder, keito) == [("ok", INPUT, True)] * 2
    assert sessions(keito) == ["t-1", "t-1"]
