"""What is one run: one record per outermost LangChain run, whatever shape it has."""

from __future__ import annotations

import uuid
from typing import Any, TypedDict

import pytest
from langchain_core.callbacks import CallbackManager
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langchain_keito import KeitoCallbackHandler
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send
from langsmith import Client, traceable
from langsmith.run_helpers import tracing_context

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Says, entries_of, only
from tests.langchain.scripted import ScriptedModel, agent, asked, needs_handing_on, using


class State(TypedDict, total=False):
    done: bool


def said(recorder: Recorder, keito: LocalKeito) -> dict[str, Any]:
    """The metadata of the only entry."""
    metadata: dict[str, Any] = only(entries_of(recorder, keito))["metadata"]
    return metadata


def test_a_bare_model_is_a_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    ScriptedModel(replies=[Says()]).invoke("Help.", using(handler))

    assert said(recorder, keito)["tokens_in"] == INPUT


def test_a_bare_tool_is_a_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    @tool
    def greet() -> str:
        """Greet."""
        return "Hello."

    greet.invoke({}, using(handler))

    assert said(recorder, keito)["tool_calls"] == 1


def test_a_chain_is_a_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    prompt = ChatPromptTemplate.from_messages([("user", "{text}")])
    steps = prompt | ScriptedModel(replies=[Says("Hi.")]) | StrOutputParser()

    assert steps.invoke({"text": "Help."}, using(handler)) == "Hi."

    assert said(recorder, keito)["llm_calls"] == 1


def test_each_input_of_a_batch_is_a_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    model = ScriptedModel(replies=[Says()] * 3)

    model.batch(["a", "b", "c"], using(handler))

    entries = entries_of(recorder, keito)
    assert [entry["metadata"]["tokens_in"] for entry in entries] == [INPUT] * 3


def test_parallel_branches_are_one_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    branches = RunnableParallel({name: ScriptedModel(replies=[Says()]) for name in ("a", "b", "c")})

    branches.invoke("Help.", using(handler))

    assert said(recorder, keito)["tokens_in"] == 3 * INPUT


@needs_handing_on
async def test_a_graph_that_fans_out_is_one_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    async def work(state: State) -> State:
        await ScriptedModel(replies=[Says()]).ainvoke("Help.")
        return {}

    graph = StateGraph(State)
    graph.add_node("work", work)
    graph.add_conditional_edges(START, lambda state: [Send("work", state) for _ in range(5)])
    graph.add_edge("work", END)

    await graph.compile().ainvoke({}, using(handler))

    assert said(recorder, keito)["tokens_in"] == 5 * INPUT


def test_a_graph_that_is_called_in_a_node_is_part_of_its_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    inner = agent(Says())
    graph = StateGraph(State)
    graph.add_node("sub", lambda state: inner.invoke(asked()) and {})
    graph.add_edge(START, "sub")

    graph.compile().invoke({}, using(handler))

    assert said(recorder, keito)["llm_calls"] == 1


@pytest.mark.parametrize("call", ["invoke", pytest.param("ainvoke", marks=needs_handing_on)])
async def test_a_model_with_its_own_callbacks_in_a_tool_is_part_of_the_run(
    call: str, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # LangChain replaces the callbacks, and with them the parent.
    @tool
    def think() -> str:
        """Think."""
        return str(ScriptedModel(replies=[Says()]).invoke("Hm.", using(handler)).content)

    thinker = agent(Calls("think"), Says(), tools=[think])
    if call == "invoke":
        thinker.invoke(asked(), using(handler))
    else:
        await thinker.ainvoke(asked(), using(handler))

    assert said(recorder, keito)["tokens_in"] == 3 * INPUT


def test_a_parent_of_another_tracer_does_not_hide_the_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    callbacks = CallbackManager([handler], [handler], parent_run_id=uuid.uuid4())

    agent(Says()).invoke(asked(), {"callbacks": callbacks})

    assert said(recorder, keito)["tokens_in"] == INPUT


def test_the_same_handler_twice_counts_a_bare_model_once(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    ScriptedModel(replies=[Says()]).invoke("Help.", using(handler, handler))

    assert said(recorder, keito)["tokens_in"] == INPUT


def test_a_handler_on_model_and_call_counts_once(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    model = ScriptedModel(replies=[Says()], callbacks=[KeitoCallbackHandler(recorder)])

    model.invoke("Help.", using(handler))

    assert said(recorder, keito)["tokens_in"] == INPUT


def test_a_run_id_that_is_used_again_is_a_new_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    config = using(handler, run_id=uuid.uuid4())

    for _ in range(2):
        ScriptedModel(replies=[Says()]).invoke("Help.", config)

    keys = {e["metadata"]["keito_key"] for e in entries_of(recorder, keito)}
    assert len(keys) == 2


def test_a_handoff_to_a_parent_graph_is_no_error(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    inner = StateGraph(State)
    inner.add_node("leave", lambda state: Command(goto="last", graph=Command.PARENT))
    inner.add_edge(START, "leave")
    outer = StateGraph(State)
    outer.add_node("sub", inner.compile())
    outer.add_node("last", lambda state: {"done": True})
    outer.add_edge(START, "sub")

    outer.compile().invoke({}, using(handler))

    assert said(recorder, keito)["status"] == "ok"


def test_a_run_is_named_after_its_agent(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    agent(Says(), name="archivist").invoke(asked(), using(handler))

    assert said(recorder, keito)["agent_id"] == "archivist"


def test_odd_inputs_and_outputs_are_left_alone(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    def odd(value: int) -> set[int]:
        return {1, 2, value}

    assert RunnableLambda(odd).invoke(3, using(handler)) == {1, 2, 3}

    assert said(recorder, keito)["status"] == "ok"


@pytest.mark.parametrize("call", ["batch", "abatch"])
async def test_each_input_of_a_chains_batch_is_a_run(
    call: str, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    steps = ScriptedModel(replies=[Says()] * 3) | StrOutputParser()

    if call == "batch":
        steps.batch(["a", "b", "c"], using(handler))
    else:
        await steps.abatch(["a", "b", "c"], using(handler))

    entries = entries_of(recorder, keito)
    assert [entry["metadata"]["tokens_in"] for entry in entries] == [INPUT] * 3


class Silent(Client):
    """LangSmith's client without a network."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1", api_key="none", auto_batch_tracing=False)

    def create_run(self, *args: Any, **kwargs: Any) -> None:
        pass

    def update_run(self, *args: Any, **kwargs: Any) -> None:
        pass


def test_a_run_inside_a_function_that_langsmith_traces_is_a_run(
    recorder: Recorder,
    keito: LocalKeito,
    handler: KeitoCallbackHandler,
) -> None:
    # LangSmith gives the run a parent that this handler never hears of.
    @traceable
    def traced() -> None:
        agent(Calls("look_up"), Says()).invoke(asked(), using(handler))

    with tracing_context(enabled=True, client=Silent()):
        traced()

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)


def test_a_retriever_is_a_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    class Shelf(BaseRetriever):
        def _get_relevant_documents(self, query: str, **kwargs: object) -> list[Document]:
            return [Document("found")]

    Shelf().invoke("?", using(handler))

    assert said(recorder, keito)["status"] == "ok"


@pytest.mark.parametrize("call", ["invoke", pytest.param("ainvoke", marks=needs_handing_on)])
async def test_a_deployed_graph_is_billed_whoever_invokes_it(
    call: str, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    deployed = agent(Calls("look_up"), Says()).with_config(callbacks=[handler])

    if call == "invoke":
        deployed.invoke(asked())
    else:
        await deployed.ainvoke(asked())

    assert said(recorder, keito)["tokens_in"] == 2 * INPUT


def test_the_threads_of_a_batch_of_tools_are_in_the_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    model = ScriptedModel(replies=[Says()] * 4)

    def ask(text: str) -> int:
        return len(model.batch([text] * 4))

    RunnableLambda(ask).invoke("x", using(handler))

    assert said(recorder, keito)["tokens_in"] == 4 * INPUT
