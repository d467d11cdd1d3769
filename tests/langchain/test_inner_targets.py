"""Parts of a run that are for somebody else, and what becomes of them in unusual surroundings."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import langchain_keito
import pytest
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_keito import KeitoCallbackHandler, KeitoMiddleware, _tree
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

from keito.billing import Limits, Recorder, Target, bill_to, billed
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Says, entries_of
from tests.langchain.scripted import ScriptedModel, agent, asked, using
from tests.langchain.test_runs import State, said
from tests.langchain.test_targets import GLOBEX, recorder, tokens_by_project

__all__ = ["recorder"]


@pytest.fixture(autouse=True)
def detached() -> Iterator[None]:
    yield
    langchain_keito.detach()


def model(replies: int = 9) -> ScriptedModel:
    return ScriptedModel(replies=[Says()] * replies)


def graph(work: Any, **options: Any) -> Any:
    made = StateGraph(State)
    made.add_node("work", work)
    made.add_edge(START, "work")
    return made.compile(**options)


def for_globex() -> Runnable[Any, Any]:
    """Asks a model for another client."""

    def work(value: Any) -> Any:
        with bill_to(GLOBEX):
            model().invoke("Help.")
        return {}

    return RunnableLambda(work)


def test_a_part_for_another_client_is_recorded_where_its_run_is_after_a_detach(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    with langchain_keito.attach(recorder):
        pass  # LangChain goes on to call what was attached once

    graph(lambda state: for_globex().invoke(state)).invoke({}, using(handler))

    assert tokens_by_project(recorder, keito) == {GLOBEX.project_id: INPUT, keito.project_id: 0}


def test_a_part_that_begins_after_a_detach_is_recorded_where_its_run_is(
    recorder: Recorder, keito: LocalKeito
) -> None:
    langchain_keito.attach(recorder)

    def work(value: str) -> str:
        langchain_keito.detach()
        for_globex().invoke(value)
        return value

    RunnableLambda(work).invoke("x")

    assert tokens_by_project(recorder, keito) == {GLOBEX.project_id: INPUT, keito.project_id: 0}


def test_attaching_again_changes_nothing_for_what_is_open(
    recorder: Recorder, keito: LocalKeito
) -> None:
    langchain_keito.attach(recorder)

    def work(value: str) -> str:
        model().invoke("Help.")
        langchain_keito.attach(recorder, GLOBEX)
        model().invoke("Help.")
        agent(Calls("look_up"), Says()).invoke(asked())
        return value

    RunnableLambda(work).invoke("x")

    assert tokens_by_project(recorder, keito) == {keito.project_id: 4 * INPUT}


def test_a_block_inside_a_run_overrules_the_target_of_its_handler(
    recorder: Recorder, keito: LocalKeito
) -> None:
    acme = Target(project_id=keito.project_id, task_id=keito.task_id)

    for_globex().invoke("x", using(KeitoCallbackHandler(recorder, acme)))

    assert tokens_by_project(recorder, keito) == {GLOBEX.project_id: INPUT, keito.project_id: 0}


@pytest.mark.parametrize("around", [{"session_id": "s-1"}, {"work_key": "job"}])
def test_a_block_that_says_nothing_of_whose_work_it_is_lets_metadata_inside_say_it(
    around: Any, recorder: Recorder, keito: LocalKeito
) -> None:
    part = model().with_config(metadata={"keito_target": "globex"})

    with bill_to(**around):
        RunnableLambda(part.invoke).invoke("x", using(KeitoCallbackHandler(recorder)))

    assert tokens_by_project(recorder, keito) == {GLOBEX.project_id: INPUT, keito.project_id: 0}


def test_a_run_whose_parts_are_at_work_is_not_silent(
    recorder: Recorder, keito: LocalKeito, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = KeitoCallbackHandler(recorder)
    moment = 0.0

    def day(value: Any) -> Any:
        nonlocal moment
        for _ in range(4):
            for_globex().invoke("x")
            moment += _tree.SILENCE / 2
            other = threading.Thread(target=lambda: model().invoke("Else.", using(handler)))
            other.start()
            other.join()
        return value

    monkeypatch.setattr(_tree, "monotonic", lambda: moment)
    RunnableLambda(day).invoke("x", using(handler))

    found = [(e["project_id"], e["metadata"]["status"]) for e in entries_of(recorder, keito)]
    assert sorted(found) == sorted([(GLOBEX.project_id, "ok")] * 4 + [(keito.project_id, "ok")] * 5)


@pytest.mark.parametrize("is_graph", [True, False], ids=["graph", "chain"])
async def test_what_a_thread_does_whose_run_was_cancelled_is_no_record_of_its_own(
    is_graph: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def work(value: Any) -> Any:
        begun.set()
        go_on.wait(20)
        model().invoke("a")
        model().invoke("b")
        done.set()
        return {}

    whole: Any = graph(work) if is_graph else RunnableLambda(work) | RunnableLambda(work)
    running = asyncio.create_task(whole.ainvoke({}, using(KeitoCallbackHandler(recorder))))
    await asyncio.to_thread(begun.wait, 20)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    go_on.set()
    await asyncio.to_thread(done.wait, 20)

    metadata = await asyncio.to_thread(said, recorder, keito)
    assert metadata["status"] == "cancelled"


@pytest.mark.parametrize("way", ["block", "function"])
def test_a_limit_reached_below_a_block_for_the_same_client_ends_the_whole_run(
    way: str, recorder: Recorder, keito: LocalKeito
) -> None:
    def limited(value: Any) -> Any:
        calls = [Calls("look_up", id=str(number)) for number in range(3)]
        return agent(*calls, Says(), middleware=[KeitoMiddleware()]).invoke(asked())

    def within(value: Any) -> Any:
        with bill_to(notes="On the way."):
            return limited(value)

    work = within if way == "block" else billed(recorder=recorder)(limited)
    target = Target(limits=Limits(model_calls=1))
    RunnableLambda(work).invoke("x", using(KeitoCallbackHandler(recorder, target)))

    assert said(recorder, keito)["status"] == "limit"


def test_a_graph_that_waits_below_a_billed_function_has_the_whole_run_wait(
    recorder: Recorder, keito: LocalKeito
) -> None:
    waiting = graph(lambda state: {}, checkpointer=InMemorySaver(), interrupt_before=["work"])

    @billed(recorder=recorder)
    def work(value: Any) -> Any:
        return waiting.invoke({}, {"configurable": {"thread_id": "t-1"}})

    RunnableLambda(work).invoke("x", using(KeitoCallbackHandler(recorder)))

    assert said(recorder, keito)["status"] == "interrupted"


def test_a_run_that_goes_on_with_its_own_graph_does_not_wait(
    recorder: Recorder, keito: LocalKeito
) -> None:
    asking = graph(lambda state: {"done": interrupt("May I?")}, checkpointer=InMemorySaver())

    def drive(value: Any) -> Any:
        config: Any = {"configurable": {"thread_id": "t-1"}}
        asking.invoke({}, config)
        return asking.invoke(Command(resume=True), config)

    RunnableLambda(drive).invoke("x", using(KeitoCallbackHandler(recorder)))

    assert said(recorder, keito)["status"] == "ok"


def test_a_billed_node_that_asks_a_person_waits(recorder: Recorder, keito: LocalKeito) -> None:
    @billed(recorder=recorder)
    def ask(state: State) -> State:
        return {"done": interrupt("May I?")}

    asking = graph(ask, checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t-1"}}
    asking.invoke({}, config)
    asking.invoke(Command(resume=True), config)

    found = [entry["metadata"]["status"] for entry in entries_of(recorder, keito)]
    assert sorted(found) == ["interrupted", "ok"]


def test_a_graph_for_another_client_that_hands_off_to_the_one_around_it_has_ended(
    recorder: Recorder, keito: LocalKeito
) -> None:
    def leave(state: State) -> Any:
        model().invoke("x")
        return Command(goto="last", graph=Command.PARENT)

    part = graph(leave).with_config(metadata={"keito_target": "globex"})
    whole = StateGraph(State)
    whole.add_node("part", part)
    whole.add_node("last", lambda state: {"done": True})
    whole.add_edge(START, "part")
    whole.compile().invoke({}, using(KeitoCallbackHandler(recorder)))

    found = {e["project_id"]: e["metadata"]["status"] for e in entries_of(recorder, keito)}
    assert found == {GLOBEX.project_id: "ok", keito.project_id: "ok"}
