"""Fallbacks and retries: what every attempt consumed, in the record of one run."""

from __future__ import annotations

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_keito import KeitoCallbackHandler
from langgraph.graph import START, StateGraph
from langgraph.types import RetryPolicy

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Fails, RefusedError, Says
from tests.langchain.scripted import ScriptedModel, using
from tests.langchain.test_runs import State, said


@pytest.mark.parametrize("call", ["invoke", "ainvoke"])
async def test_a_fallback_at_the_root_is_part_of_its_run(
    call: str, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # LangChain starts the second model without a parent.
    first = ScriptedModel(replies=[Fails(RefusedError("busy"))])
    model = first.with_fallbacks([ScriptedModel(replies=[Says()])])

    if call == "invoke":
        model.invoke("Help.", using(handler))
    else:
        await model.ainvoke("Help.", using(handler))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", INPUT)
    assert "usage_incomplete" not in metadata


def test_every_attempt_of_a_retry_counts(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    model = ScriptedModel(replies=[Says("no"), Says("no"), Says("yes")])

    def check(text: str) -> str:
        if text == "no":
            raise ValueError
        return text

    steps = (model | StrOutputParser() | check).with_retry(
        wait_exponential_jitter=False, stop_after_attempt=3
    )
    steps.invoke("Help.", using(handler))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 3 * INPUT)


@pytest.mark.parametrize("call", ["stream", "batch"])
def test_a_fallback_is_part_of_its_run_however_it_is_called(
    call: str, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    first = ScriptedModel(replies=[Fails(RefusedError("busy"))])
    model = first.with_fallbacks([ScriptedModel(replies=[Says()])])

    if call == "stream":
        list(model.stream("Help.", using(handler)))
    else:
        model.batch(["Help."], using(handler))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", INPUT)


def test_every_attempt_of_a_graphs_node_counts(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    model = ScriptedModel(replies=[Says("no"), Says("no"), Says("yes")])

    def think(state: State) -> State:
        if model.invoke("Hm.").content == "no":
            raise ValueError
        return {}

    graph = StateGraph(State)
    policy = RetryPolicy(initial_interval=0.0, jitter=False, retry_on=ValueError)
    graph.add_node("think", think, retry_policy=policy)
    graph.add_edge(START, "think")

    graph.compile().invoke({}, using(handler))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 3 * INPUT)
