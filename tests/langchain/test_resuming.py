"""Which run goes on with which, and what of a job that waits is charged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_keito import KeitoCallbackHandler
from langchain_keito._waiting import _waiting
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt

from keito.billing import Recorder, bill_to
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Says, entries_of
from tests.langchain.scripted import agent, asked, using
from tests.langchain.test_interrupts import asking, needs_lifecycle, statuses, thinking
from tests.langchain.test_runs import State


def of(recorder: Recorder, keito: LocalKeito, name: str) -> list[Any]:
    """What each entry says under a name."""
    return [entry["metadata"].get(name) for entry in entries_of(recorder, keito)]


@pytest.fixture
def elsewhere() -> Iterator[Callable[[], None]]:
    """Makes this process one in which no thread has waited; afterwards it is one."""
    yield _waiting.clear
    _waiting.clear()


@needs_lifecycle
@pytest.mark.parametrize("wrapped", [False, True])
def test_the_two_records_name_what_was_waited_for_whichever_process_goes_on(
    wrapped: bool,
    recorder: Recorder,
    keito: LocalKeito,
    handler: KeitoCallbackHandler,
    elsewhere: Callable[[], None],
) -> None:
    graph = asking()
    config = using(handler, configurable={"thread_id": "t-1"})
    called = RunnableLambda(lambda given: graph.invoke(given)) if wrapped else graph

    called.invoke({}, config)
    checkpoint = graph.get_state(config).config["configurable"]["checkpoint_id"]
    elsewhere()
    called.invoke(Command(resume=True), config)

    assert of(recorder, keito, "interruption") == [checkpoint, None]
    assert of(recorder, keito, "resumes") == [None, checkpoint]


def test_a_resumed_run_names_the_run_that_waited(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    graph = asking()
    config = using(handler, configurable={"thread_id": "t-1"})

    graph.invoke({}, config)
    graph.invoke(Command(resume=True), config)
    graph.invoke({}, config)

    first = of(recorder, keito, "run_id")[0]
    assert of(recorder, keito, "parent_run_id") == [None, first, None]


def test_a_run_that_goes_on_without_an_input_names_it_too(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    graph = asking()
    config = using(handler, configurable={"thread_id": "t-1"})

    graph.invoke({}, config)
    graph.invoke(None, config)

    first = of(recorder, keito, "run_id")[0]
    assert of(recorder, keito, "parent_run_id") == [None, first]


def test_both_parts_of_a_job_are_charged_and_each_of_them_once(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    fails = [True, False]

    def ask(state: State) -> State:
        interrupt("May I?")
        if fails.pop(0):
            raise RuntimeError("no")
        return {}

    graph = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_edge(START, "ask")
    compiled = graph.compile(checkpointer=InMemorySaver())
    config = using(handler, configurable={"thread_id": "t-1"})

    with bill_to(work_key="job-1"):
        compiled.invoke({}, config)
        with suppress(RuntimeError):
            compiled.invoke(Command(resume=True), config)
        compiled.invoke(Command(resume=True), config)  # the queue delivers it again

    assert [(one[0], one[2]) for one in statuses(recorder, keito)] == [
        ("interrupted", True),
        ("error", False),
        ("ok", True),
    ]


@pytest.mark.parametrize(("rest", "charged"), [("job-1/approved", True), ("job-1", False)])
def test_in_another_process_the_rest_of_a_job_needs_a_name_of_its_own(
    rest: str,
    charged: bool,
    recorder: Recorder,
    keito: LocalKeito,
    handler: KeitoCallbackHandler,
    elsewhere: Callable[[], None],
) -> None:
    graph = asking()
    config = using(handler, configurable={"thread_id": "t-1"})

    with bill_to(work_key="job-1"):
        graph.invoke({}, config)
    elsewhere()
    with bill_to(work_key=rest):
        graph.invoke(Command(resume=True), config)

    assert [(one[0], one[2]) for one in statuses(recorder, keito)] == [
        ("interrupted", True),
        ("ok", charged),
    ]


def test_a_turn_that_is_tried_again_goes_on_with_no_earlier_wait(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    fails = [True, False]

    def act(state: State) -> State:
        if state.get("done") and fails.pop(0):
            raise RuntimeError("no")
        return {} if state.get("done") else {"done": interrupt("May I?")}

    graph = StateGraph(State)
    graph.add_node("act", act)
    graph.add_edge(START, "act")
    compiled = graph.compile(checkpointer=InMemorySaver())
    config = using(handler, configurable={"thread_id": "t-1"})

    compiled.invoke({}, config)
    with suppress(RuntimeError):
        compiled.invoke({"done": True}, config)
    compiled.invoke(None, config)

    assert of(recorder, keito, "parent_run_id") == [None, None, None]


@needs_lifecycle
def test_a_handler_of_the_graph_hears_of_a_stop_beside_a_node(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    stopping = thinking().compile(checkpointer=InMemorySaver(), interrupt_before=["think"])
    deployed = stopping.with_config(callbacks=[handler])

    deployed.invoke({}, using(configurable={"thread_id": "t-1"}))

    assert [one[0] for one in statuses(recorder, keito)] == ["interrupted"]


def test_what_an_inner_agent_had_done_before_the_interrupt_is_not_charged_again(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # LangGraph has its state, and does not ask its model a second time.
    @tool
    def confirm() -> str:
        """Ask a person."""
        return str(interrupt("May I?"))

    graph = StateGraph(MessagesState)
    graph.add_node("expert", agent(Calls("confirm"), Says(), tools=[confirm]))
    graph.add_edge(START, "expert")
    compiled = graph.compile(checkpointer=InMemorySaver())
    config = using(handler, configurable={"thread_id": "t-1"})

    compiled.invoke(asked(), config)
    compiled.invoke(Command(resume="yes"), config)

    assert statuses(recorder, keito) == [("interrupted", INPUT, True), ("ok", INPUT, True)]
