"""Attached to the process, or to a block: every run is billed, and none twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator

import langchain_keito
import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers import context
from langchain_keito import KeitoCallbackHandler
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from keito.billing import Recorder, Target, bill_to
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Says, entries_of, only
from tests.langchain.scripted import ScriptedModel, agent, asked, needs_handing_on, using
from tests.langchain.test_interrupts import asking, thinking
from tests.langchain.test_runs import said


@pytest.fixture(autouse=True)
def detached() -> Iterator[None]:
    yield
    langchain_keito.detach()


def ask(text: str = "Help.") -> None:
    ScriptedModel(replies=[Says()]).invoke(text)


def test_every_run_of_the_process_is_billed(recorder: Recorder, keito: LocalKeito) -> None:
    langchain_keito.attach(recorder)

    agent(Calls("look_up"), Says()).invoke(asked())
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()

    tokens = [entry["metadata"]["tokens_in"] for entry in entries_of(recorder, keito)]
    assert tokens == [2 * INPUT, INPUT]


def test_after_detach_nothing_new_is_billed_and_what_is_open_ends_as_usual(
    recorder: Recorder, keito: LocalKeito
) -> None:
    langchain_keito.attach(recorder)

    def leave(value: str) -> str:
        langchain_keito.detach()
        ask()
        return value

    RunnableLambda(leave).invoke("x")
    ask()

    assert said(recorder, keito)["tokens_in"] == INPUT


def test_a_handler_in_the_config_as_well_bills_nothing_twice(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    langchain_keito.attach(recorder)

    agent(Calls("look_up"), Says()).invoke(asked(), using(handler))

    metadata = said(recorder, keito)
    assert (metadata["tokens_in"], metadata["tool_calls"]) == (2 * INPUT, 1)


def test_attaching_again_changes_whom_it_bills(recorder: Recorder, keito: LocalKeito) -> None:
    for session in ("first", "second"):
        langchain_keito.attach(recorder, Target(session_id=session))
    ask()

    assert said(recorder, keito)["session_id"] == "second"


def test_langchain_is_hooked_once_however_often_it_is_attached(recorder: Recorder) -> None:
    langchain_keito.attach(recorder)
    before = len(context._configure_hooks)

    for _ in range(50):
        langchain_keito.attach(recorder)
        with langchain_keito.attach(recorder):
            pass

    assert len(context._configure_hooks) == before


def test_a_block_bills_what_is_started_inside(recorder: Recorder, keito: LocalKeito) -> None:
    ask()
    with langchain_keito.attach(recorder):
        ask()
    ask()

    assert said(recorder, keito)["tokens_in"] == INPUT


def test_a_block_bills_no_other_thread(recorder: Recorder, keito: LocalKeito) -> None:
    with langchain_keito.attach(recorder):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()

    assert entries_of(recorder, keito) == []


def test_a_block_leaves_the_process_attached_as_it_was(
    recorder: Recorder, keito: LocalKeito
) -> None:
    langchain_keito.attach(recorder, Target(session_id="process"))
    with langchain_keito.attach(recorder, Target(session_id="block")):
        ask()
    ask()

    sessions = [entry["metadata"]["session_id"] for entry in entries_of(recorder, keito)]
    assert sessions == ["block", "process"]


def test_the_inner_of_two_blocks_bills(recorder: Recorder, keito: LocalKeito) -> None:
    with langchain_keito.attach(recorder, Target(session_id="outer")):
        with langchain_keito.attach(recorder, Target(session_id="inner")):
            ask()
        ask()

    sessions = [entry["metadata"]["session_id"] for entry in entries_of(recorder, keito)]
    assert sessions == ["inner", "outer"]


def test_what_another_thread_began_before_the_block_was_entered_is_not_charged(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attachment = langchain_keito.attach(recorder)
    inside, go_on = threading.Event(), threading.Event()

    def wait(value: str) -> str:
        inside.set()
        go_on.wait(10)
        return value

    thread = threading.Thread(target=RunnableLambda(wait).invoke, args=("x",))
    thread.start()
    inside.wait(10)
    with attachment:
        go_on.set()
        thread.join()

    assert only(entries_of(recorder, keito))["billable"] is False


async def test_tasks_in_blocks_of_their_own_do_not_mix(
    recorder: Recorder, keito: LocalKeito
) -> None:
    async def one(number: int) -> None:
        with langchain_keito.attach(recorder, Target(session_id=f"s-{number}")):
            await asyncio.sleep(0)
            await ScriptedModel(replies=[Says()] * number).abatch(["?"] * number)

    await asyncio.gather(*(one(number) for number in range(1, 5)))

    sessions = [entry["metadata"]["session_id"] for entry in entries_of(recorder, keito)]
    assert sorted(sessions) == [f"s-{n}" for n in (1, 2, 2, 3, 3, 3, 4, 4, 4, 4)]


async def test_a_block_that_is_left_in_another_context_raises_nothing(
    recorder: Recorder, keito: LocalKeito
) -> None:
    async def stream() -> AsyncGenerator[str, None]:
        with langchain_keito.attach(recorder):
            yield str((await ScriptedModel(replies=[Says()]).ainvoke("?")).content)

    pieces = stream()

    async def leave() -> None:
        await pieces.aclose()

    async def read() -> str:
        return await anext(pieces)

    assert await asyncio.create_task(read()) == "Done."
    await asyncio.create_task(leave())

    assert said(recorder, keito)["tokens_in"] == INPUT


def test_what_replaces_its_callbacks_is_billed_all_the_same(
    recorder: Recorder, keito: LocalKeito
) -> None:
    langchain_keito.attach(recorder)

    def think(value: str) -> str:
        ScriptedModel(replies=[Says()]).invoke(value, {"callbacks": []})
        return value

    RunnableLambda(think).invoke("x")

    assert said(recorder, keito)["tokens_in"] == INPUT


@needs_handing_on
async def test_interrupt_and_resume_are_two_records(recorder: Recorder, keito: LocalKeito) -> None:
    langchain_keito.attach(recorder)
    graph = asking()
    config = using(configurable={"thread_id": "t-1"})

    await graph.ainvoke({}, config)
    await graph.ainvoke(Command(resume=True), config)

    entries = entries_of(recorder, keito)
    assert [e["metadata"]["status"] for e in entries] == ["interrupted", "ok"]
    assert {e["metadata"]["session_id"] for e in entries} == {"t-1"}


def test_bill_to_names_the_target(recorder: Recorder, keito: LocalKeito) -> None:
    langchain_keito.attach(recorder)

    with bill_to(session_id="s-1"):
        agent(Says(), checkpointer=InMemorySaver()).invoke(
            asked(), using(configurable={"thread_id": "t-1"})
        )

    assert said(recorder, keito)["session_id"] == "s-1"


def test_a_stop_beside_a_node_can_not_be_told_from_an_end(
    recorder: Recorder, keito: LocalKeito
) -> None:
    # LangGraph tells of it only handlers that a config names.
    langchain_keito.attach(recorder)
    graph = thinking().compile(checkpointer=InMemorySaver(), interrupt_before=["think"])

    graph.invoke({}, using(configurable={"thread_id": "t-1"}))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["session_id"]) == ("ok", "t-1")
