"""How a run ends: late, early, in the wrong order, or never."""

from __future__ import annotations

import asyncio
import threading
import uuid
from contextlib import suppress
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_keito import KeitoCallbackHandler, _tree
from langgraph.errors import GraphRecursionError
from langgraph.graph import START, StateGraph

from keito.billing import MemoryOutbox, Recorder, Target, Timing
from keito.testing import LocalKeito
from tests.contract import INPUT, OUTPUT, Calls, Fails, Hangs, Says, entries_of, only
from tests.langchain.scripted import ScriptedModel, agent, asked, break_off, needs_handing_on, using
from tests.langchain.test_runs import State, said


def test_a_stream_of_an_agent_that_is_broken_off_is_charged(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    stream = agent(Calls("look_up"), Says()).stream(asked(), using(handler))

    break_off(stream)

    entry = only(entries_of(recorder, keito))
    assert entry["billable"] is True
    assert entry["metadata"]["status"] == "closed_early"


def test_a_stream_of_a_chain_that_is_broken_off_is_closed_early(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # LangChain ends the chain without an error, and only then the model.
    steps = ScriptedModel(replies=[Says("One two three.")]) | StrOutputParser()

    break_off(steps.stream("Go on.", using(handler)))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("closed_early", INPUT)


def test_a_stream_of_a_model_that_is_broken_off_has_unknown_usage(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # The provider tells its usage at the end of the stream, which nobody has read.
    stream = ScriptedModel(replies=[Says("One two three.")]).stream("Go on.", using(handler))

    break_off(stream)

    metadata = said(recorder, keito)
    assert metadata["status"] == "closed_early"
    assert metadata["usage_incomplete"]
    assert "tokens_in" not in metadata


async def test_an_asynchronous_stream_that_is_broken_off_is_one_record(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    stream = agent(Calls("look_up"), Says()).astream(asked(), using(handler))

    await anext(stream)
    await stream.aclose()

    assert said(recorder, keito)["status"] == "closed_early"


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


@needs_handing_on
async def test_a_branch_that_fails_leaves_the_other_ones_usage_unknown(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    reached = asyncio.Event()

    async def hang(state: State) -> State:
        await ScriptedModel(replies=[Hangs(reached)]).ainvoke("Help.")
        return {}

    async def fail(state: State) -> State:
        await reached.wait()
        raise RuntimeError("no")

    graph = StateGraph(State)
    graph.add_node("hang", hang)
    graph.add_node("fail", fail)
    graph.add_edge(START, "hang")
    graph.add_edge(START, "fail")

    with pytest.raises(RuntimeError):
        await graph.compile().ainvoke({}, using(handler))

    metadata = said(recorder, keito)
    assert metadata["status"] == "error"
    assert metadata["usage_incomplete"]


def test_a_thread_beside_a_branch_that_fails_keeps_its_usage(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # In synchronous code LangGraph waits for it before it ends the graph.
    failed = threading.Event()
    model = ScriptedModel(replies=[Says()])

    def think(state: State) -> State:
        failed.wait(5)
        model.invoke("Help.")
        return {}

    def fail(state: State) -> State:
        failed.set()
        raise RuntimeError("no")

    graph = StateGraph(State)
    graph.add_node("think", think)
    graph.add_node("fail", fail)
    graph.add_edge(START, "think")
    graph.add_edge(START, "fail")

    with pytest.raises(RuntimeError):
        graph.compile().invoke({}, using(handler))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("error", INPUT)
    assert "usage_incomplete" not in metadata


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


def test_an_interrupt_from_the_keyboard_is_a_cancellation(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    @tool
    def stop() -> str:
        """Stop."""
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        agent(Calls("stop"), tools=[stop]).invoke(asked(), using(handler))

    assert said(recorder, keito)["status"] == "cancelled"


def test_too_many_steps_are_a_limit(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    calls = [Calls("look_up", id=f"call_{n}") for n in range(9)]

    with pytest.raises(GraphRecursionError):
        agent(*calls).invoke(asked(), using(handler, recursion_limit=4))

    assert said(recorder, keito)["status"] == "limit"


def test_a_tool_that_raises_fails_the_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    @tool
    def fail() -> str:
        """Fail."""
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        agent(Calls("fail"), tools=[fail]).invoke(asked(), using(handler))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("error", INPUT)


def test_an_end_without_a_start_is_ignored(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    handler.on_llm_end(LLMResult(generations=[]), run_id=uuid.uuid4())

    assert entries_of(recorder, keito) == []


def test_a_failure_of_the_handler_does_not_reach_the_run(
    recorder: Recorder, handler: KeitoCallbackHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Recorder, "start", broken)

    result = agent(Calls("look_up"), Says("Fine.")).invoke(asked(), using(handler))
    assert result["messages"][-1].content == "Fine."


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
    model = ScriptedModel(replies=[Says(), Fails(RuntimeError("no"))])

    with pytest.raises(RuntimeError):
        await model.agenerate([[HumanMessage("a")], [HumanMessage("b")]], callbacks=[handler])

    ends = {e["metadata"]["status"]: e["metadata"] for e in entries_of(recorder, keito)}
    assert ends["ok"]["tokens_in"] == INPUT
    assert "usage_incomplete" not in ends["error"]


def answer() -> LLMResult:
    usage = UsageMetadata(input_tokens=INPUT, output_tokens=OUTPUT, total_tokens=INPUT + OUTPUT)
    message = AIMessage("Late.", usage_metadata=usage)
    return LLMResult(generations=[[ChatGeneration(message=message)]])


def test_a_call_that_ends_after_its_record_was_made_corrects_it(keito: LocalKeito) -> None:
    recorder = Recorder(
        outbox=MemoryOutbox(),
        target=Target(project_id=keito.project_id, task_id=keito.task_id),
        api_key=keito.api_key,
        account_id=keito.account_id,
        base_url=keito.base_url,
        timing=Timing(linger=0.0),
    )
    handler = KeitoCallbackHandler(recorder)
    root, model = uuid.uuid4(), uuid.uuid4()
    handler.on_chain_start(None, {}, run_id=root, name="agent")
    handler.on_chat_model_start(None, [[]], run_id=model, parent_run_id=root)
    handler.on_chain_error(asyncio.CancelledError(), run_id=root)
    assert recorder.flush(10) == 0
    handler.on_llm_end(answer(), run_id=model)

    entries = entries_of(recorder, keito)
    recorder.close(5)
    metadata = only(entries)["metadata"]
    assert (metadata["status"], metadata["tokens_in"]) == ("cancelled", INPUT)
