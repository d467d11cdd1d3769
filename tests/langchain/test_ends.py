"""How a run ends: late, early, in the wrong order, or never."""

from __future__ import annotations

import asyncio
import threading
import uuid
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import LLMResult
from langchain_core.tools import tool
from langchain_keito import KeitoCallbackHandler
from langgraph.errors import GraphRecursionError
from langgraph.graph import START, StateGraph

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Fails, Hangs, Says, entries_of, only
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
