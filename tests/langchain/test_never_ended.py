"""Calls and runs of which LangChain never says that they ended."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_keito import KeitoCallbackHandler, _tree

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Fails, Hangs, RefusedError, Says, entries_of
from tests.langchain.scripted import ScriptedModel, agent, asked, needs_handing_on, using
from tests.langchain.test_runs import said


@needs_handing_on
async def test_an_agent_that_is_cancelled_in_a_tool_keeps_what_its_model_used(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    reached = asyncio.Event()

    @tool
    async def wait() -> str:
        """Wait."""
        reached.set()
        await asyncio.Event().wait()
        return "never"

    task = asyncio.ensure_future(
        agent(Calls("wait"), Says(), tools=[wait]).ainvoke(asked(), using(handler))
    )
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("cancelled", INPUT)


async def test_a_thread_that_outlives_its_cancelled_run_is_in_its_record_or_in_none(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    reached, go_on, over = asyncio.Event(), threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    @tool
    def work() -> str:
        """Work in a thread."""
        loop.call_soon_threadsafe(reached.set)
        go_on.wait(10)
        agent(Calls("look_up"), Says()).invoke(asked())
        loop.call_soon_threadsafe(over.set)
        return "done"

    task = asyncio.ensure_future(
        agent(Calls("work"), Says(), tools=[work]).ainvoke(asked(), using(handler))
    )
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await over.wait()

    assert said(recorder, keito)["status"] == "cancelled"


def test_a_prompt_whose_call_never_ends_is_abandoned_at_exit(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # Of two prompts the second fails; LangChain then drops the answer to the first.
    model = ScriptedModel(replies=[Says(), Fails(RuntimeError("no"))])

    with pytest.raises(RuntimeError):
        model.generate([[HumanMessage("a")], [HumanMessage("b")]], callbacks=[handler])

    recorder.close(5)
    ends = {entry["metadata"]["status"]: entry for entry in keito.entries()}
    assert ends.keys() == {"abandoned", "error"}
    assert ends["abandoned"]["metadata"]["usage_incomplete"]
    assert ends["abandoned"]["billable"] is False


async def test_a_bare_model_that_is_cancelled_ends_at_once(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # LangChain says nothing at all of its end.
    reached = asyncio.Event()
    model = ScriptedModel(replies=[Hangs(reached)])
    task = asyncio.ensure_future(model.ainvoke("Help.", using(handler)))
    await reached.wait()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)

    assert recorder.status().open_runs == 0
    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["llm_calls"]) == ("cancelled", 1)
    assert metadata["usage_incomplete"]


async def test_a_bare_model_that_its_task_gives_up_on_is_abandoned_in_the_end(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # As `asyncio.timeout` does: the task goes on, and nothing says that the call does not.
    reached = asyncio.Event()
    model = ScriptedModel(replies=[Hangs(reached), Says()])

    async def work() -> None:
        with suppress(asyncio.CancelledError):
            await model.ainvoke("Help.", using(handler))
        await model.ainvoke("Again.", using(handler))

    task = asyncio.ensure_future(work())
    await reached.wait()
    task.cancel()
    await task
    await asyncio.to_thread(recorder.close, 5)

    ends = {entry["metadata"]["status"]: entry for entry in keito.entries()}
    assert ends.keys() == {"abandoned", "ok"}
    assert ends["abandoned"]["metadata"]["usage_incomplete"]
    assert ends["abandoned"]["billable"] is False
    assert ends["ok"]["metadata"]["tokens_in"] == INPUT


@needs_handing_on
async def test_an_agent_that_is_cancelled_in_its_model_is_not_waited_for(
    recorder: Recorder, handler: KeitoCallbackHandler
) -> None:
    reached = asyncio.Event()
    task = asyncio.ensure_future(agent(Hangs(reached)).ainvoke(asked(), using(handler)))
    await reached.wait()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)

    assert recorder.status().open_runs == 0


async def test_many_calls_of_one_task_leave_nothing_with_it(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    model = ScriptedModel(replies=[Says()] * 5)

    for _ in range(5):
        await model.ainvoke("Help.", using(handler))

    task = asyncio.current_task()
    assert task is not None
    assert not getattr(task, "_callbacks", None) or "_task_ended" not in repr(task)
    assert len(entries_of(recorder, keito)) == 5


def test_a_run_that_never_ends_is_abandoned_as_of_its_last_event(
    recorder: Recorder,
    keito: LocalKeito,
    handler: KeitoCallbackHandler,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = ScriptedModel(replies=[Says(), Fails(RuntimeError("no"))])
    with pytest.raises(RuntimeError):
        model.generate([[HumanMessage("a")], [HumanMessage("b")]], callbacks=[handler])

    monkeypatch.setattr(_tree, "SILENCE", -1.0)
    ScriptedModel(replies=[Says()]).invoke("Help.", using(handler))

    ends = {e["metadata"]["status"]: e for e in entries_of(recorder, keito)}
    assert ends.keys() == {"abandoned", "error", "ok"}
    assert ends["abandoned"]["metadata"]["usage_incomplete"]
    assert ends["abandoned"]["billable"] is False


def test_a_run_that_is_still_at_work_is_not_abandoned(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    others = ScriptedModel(replies=[Says()] * 3)

    def work(text: str) -> str:
        for _ in range(3):
            thread = threading.Thread(target=others.invoke, args=("Hm.", using(handler)))
            thread.start()
            thread.join()
        return text

    RunnableLambda(work).invoke("x", using(handler))

    assert [e["metadata"]["status"] for e in entries_of(recorder, keito)] == ["ok"] * 4


def test_a_prompt_whose_call_never_ends_does_not_take_in_later_runs(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    model = ScriptedModel(replies=[Says(), Fails(RuntimeError("no"))])
    with pytest.raises(RuntimeError):
        model.generate([[HumanMessage("a")], [HumanMessage("b")]], callbacks=[handler])

    agent(Says()).invoke(asked(), using(handler))

    (later,) = [e for e in entries_of(recorder, keito) if e["metadata"]["status"] == "ok"]
    recorder.close(5)
    assert later["metadata"]["tokens_in"] == INPUT
    assert later["metadata"].get("parent_run_id") is None


async def test_when_one_of_several_prompts_fails_the_others_keep_their_usage(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    model = ScriptedModel(replies=[Says(), Fails(RefusedError("no"))])

    with pytest.raises(RefusedError):
        await model.agenerate([[HumanMessage("a")], [HumanMessage("b")]], callbacks=[handler])

    ends = {e["metadata"]["status"]: e["metadata"] for e in entries_of(recorder, keito)}
    assert ends["ok"]["tokens_in"] == INPUT
    assert "usage_incomplete" not in ends["error"]
