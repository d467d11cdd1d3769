"""Shapes of runs in which LangChain's events mislead, and what no handler hears of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_keito import KeitoCallbackHandler
from langgraph.graph import START, StateGraph

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, OUTPUT, Calls, Fails, RefusedError, Says, entries_of
from tests.langchain.scripted import ScriptedModel, agent, asked, look_up, using
from tests.langchain.test_runs import State, said

PROMPT = ChatPromptTemplate.from_messages([("user", "{text}")])


def test_a_chain_that_is_streamed_to_its_end_is_a_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # The parser begins before the model has ended.
    steps = PROMPT | ScriptedModel(replies=[Says("One two three.")]) | StrOutputParser()

    pieces = list(steps.stream({"text": "Go on."}, using(handler)))

    metadata = said(recorder, keito)
    assert len(pieces) > 1
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", INPUT)


def test_a_subgraph_that_is_a_node_is_part_of_its_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    inner = StateGraph(State)
    model = ScriptedModel(replies=[Says()])
    inner.add_node("think", lambda state: model.invoke("Hm.") and {})
    inner.add_edge(START, "think")
    outer = StateGraph(State)
    outer.add_node("sub", inner.compile())
    outer.add_edge(START, "sub")

    outer.compile().invoke({}, using(handler))

    assert said(recorder, keito)["llm_calls"] == 1


def test_an_agent_without_a_name_inside_a_tool_is_part_of_the_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    nameless = create_agent(ScriptedModel(replies=[Calls("look_up"), Says()]), [look_up])

    @tool
    def ask() -> str:
        """Ask someone."""
        return str(nameless.invoke(asked())["messages"][-1].content)

    agent(Calls("ask"), Says(), tools=[ask]).invoke(asked(), using(handler))

    metadata = said(recorder, keito)
    assert (metadata["tokens_in"], metadata["tool_calls"]) == (4 * INPUT, 2)


def test_a_fallback_inside_a_chain_is_part_of_its_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # LangChain starts the second model below the chain, past what it replaces.
    first = ScriptedModel(replies=[Fails(RefusedError("busy"))])
    model = first.with_fallbacks([ScriptedModel(replies=[Says()])])

    (PROMPT | model | StrOutputParser()).invoke({"text": "Help."}, using(handler))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", INPUT)
    assert "usage_incomplete" not in metadata


def test_a_graph_inside_a_node_with_its_own_callbacks_is_part_of_the_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # LangGraph merges them, where a model's would replace the others.
    inner = agent(Calls("look_up"), Says())
    graph = StateGraph(State)
    graph.add_node("sub", lambda state: inner.invoke(asked(), using(handler)) and {})
    graph.add_edge(START, "sub")

    graph.compile().invoke({}, using(handler))

    metadata = said(recorder, keito)
    assert (metadata["tokens_in"], metadata["tool_calls"]) == (2 * INPUT, 1)


def test_with_a_handler_on_the_model_alone_each_call_is_a_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # Of the agent around them it hears nothing but an id.
    model = ScriptedModel(replies=[Calls("look_up"), Says()], callbacks=[handler])

    create_agent(model, [look_up]).invoke(asked())

    tokens = [entry["metadata"]["tokens_in"] for entry in entries_of(recorder, keito)]
    assert tokens == [INPUT, INPUT]


def test_what_works_in_a_bare_thread_no_handler_hears_of(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    model = ScriptedModel(replies=[Says()])

    def think(text: str) -> str:
        thread = threading.Thread(target=model.invoke, args=("Hm.",))
        thread.start()
        thread.join()
        return text

    RunnableLambda(think).invoke("x", using(handler))

    metadata = said(recorder, keito)
    assert metadata["status"] == "ok"
    assert "tokens_in" not in metadata


class ThreeTimes(ScriptedModel):
    """Answers as OpenAI does with `n=3`: each of the three says what all of them took."""

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        each = [ChatGeneration(message=AIMessage("", usage_metadata=self.usage)) for _ in range(3)]
        return ChatResult(generations=each, llm_output={"model_name": "gpt"})


def test_three_answers_to_one_call_are_billed_once(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    ThreeTimes(replies=[]).invoke("Help.", using(handler))

    metadata = said(recorder, keito)
    assert (metadata["tokens_in"], metadata["tokens_out"]) == (INPUT, OUTPUT)
    assert metadata["model_name"] == "gpt"


class NeverStreamed(ScriptedModel):
    """Can't be streamed."""

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        raise AssertionError("nobody asked for a stream")


def test_the_handler_makes_no_call_a_stream(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # LangChain streams every call if a handler looks as if it wanted pieces; usage may get lost.
    NeverStreamed(replies=[Says()]).invoke("Help.", using(handler))

    assert said(recorder, keito)["tokens_in"] == INPUT
