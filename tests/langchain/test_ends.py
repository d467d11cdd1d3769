"""How a run ends: late, early, in the wrong order, or never."""

from __future__ import annotations

import asyncio
import threading
import uuid
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.tools import tool
from langchain_keito import KeitoCallbackHandler
from langgraph.errors import GraphRecursionError
from langgraph.graph import START, StateGraph

from keito.billing import MemoryOutbox, Recorder, Target, Timing
from keito.testing import LocalKeito
from tests.contract import INPUT, OUTPUT, Calls, Hangs, Says, entries_of, only
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
