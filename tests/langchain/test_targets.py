"""Whose work it is: of the run, and of what inside it is for someone else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_keito import KeitoCallbackHandler
from langchain_keito._langgraph import GraphCallbackHandler
from langgraph.graph import START, StateGraph

from keito.billing import MemoryOutbox, Recorder, Target, bill_to, billed, current_run
from keito.testing import LocalKeito
from tests.contract import INPUT, Says, entries_of, only
from tests.langchain.scripted import ScriptedModel, agent, asked, needs_handing_on, using
from tests.langchain.test_runs import State, said

GLOBEX = Target(project_id="prj_globex_onboarding", task_id="tsk_agent_run")


@pytest.fixture
def recorder(keito: LocalKeito) -> Iterator[Recorder]:
    """One that knows targets by name."""
    recorder = Recorder(
        outbox=MemoryOutbox(),
        target=Target(project_id=keito.project_id, task_id=keito.task_id),
        targets={"globex": GLOBEX},
        **keito.client_settings,
    )
    yield recorder
    recorder.close(0)


def tokens_by_project(recorder: Recorder, keito: LocalKeito) -> dict[str, int]:
    found = {
        e["project_id"]: e["metadata"].get("tokens_in", 0) for e in entries_of(recorder, keito)
    }
    assert len(found) == len(keito.entries())
    return found


def by_argument(recorder: Recorder) -> RunnableConfig:
    return using(KeitoCallbackHandler(recorder, GLOBEX))


def by_metadata(recorder: Recorder) -> RunnableConfig:
    return using(KeitoCallbackHandler(recorder), metadata={"keito_target": "globex"})


WAYS = pytest.mark.parametrize("config", [by_argument, by_metadata])


@WAYS
def test_a_run_is_billed_to_the_target_of_its_invocation(
    config: Callable[[Recorder], Any], recorder: Recorder, keito: LocalKeito
) -> None:
    agent(Says()).invoke(asked(), config(recorder))

    assert tokens_by_project(recorder, keito) == {"prj_globex_onboarding": INPUT}


def test_a_name_that_nobody_knows_bills_nobody(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    agent(Says()).invoke(asked(), using(handler, metadata={"keito_target": "unheard-of"}))

    recorder.flush(1)
    assert keito.entries() == []


@WAYS
def test_an_inner_agent_with_its_own_target_is_billed_apart(
    config: Callable[[Recorder], Any],
    recorder: Recorder,
    keito: LocalKeito,
    handler: KeitoCallbackHandler,
) -> None:
    inner = agent(Says(), name="expert").with_config(config(recorder))

    def work(value: Any) -> Any:
        ScriptedModel(replies=[Says()]).invoke("Hm.")
        return inner.invoke(asked())

    RunnableLambda(work).invoke("x", using(handler))

    assert tokens_by_project(recorder, keito) == {
        keito.project_id: INPUT,
        "prj_globex_onboarding": INPUT,
    }


@pytest.mark.skipif(
    GraphCallbackHandler is BaseCallbackHandler,
    reason="before 1.2 LangGraph drops the handlers of a subgraph that is a node",
)
def test_a_subgraph_with_its_own_handler_is_billed_apart(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    def think(state: State) -> State:
        ScriptedModel(replies=[Says()]).invoke("Hm.")
        return {}

    inner = StateGraph(State)
    inner.add_node("think", think)
    inner.add_edge(START, "think")
    outer = StateGraph(State)
    outer.add_node("think", think)
    outer.add_node("sub", inner.compile().with_config(by_argument(recorder)))
    outer.add_edge(START, "think")
    outer.add_edge("think", "sub")

    outer.compile().invoke({}, using(handler))

    assert tokens_by_project(recorder, keito) == {
        keito.project_id: INPUT,
        "prj_globex_onboarding": INPUT,
    }


def test_a_model_with_its_own_handler_is_billed_apart(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # Of the model call both handlers hear, the outer one first.
    theirs = ScriptedModel(replies=[Says()], callbacks=[KeitoCallbackHandler(recorder, GLOBEX)])
    ours = ScriptedModel(replies=[Says()])

    def work(text: str) -> str:
        return str(ours.invoke(text).content) + str(theirs.invoke(text).content)

    RunnableLambda(work).invoke("x", using(handler))

    assert tokens_by_project(recorder, keito) == {
        keito.project_id: INPUT,
        "prj_globex_onboarding": INPUT,
    }


def test_a_block_inside_a_node_bills_someone_else(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    def work(value: Any) -> Any:
        with bill_to("globex"):
            return agent(Says()).invoke(asked())

    RunnableLambda(work).invoke("x", using(handler))

    assert tokens_by_project(recorder, keito) == {
        keito.project_id: 0,
        "prj_globex_onboarding": INPUT,
    }


def test_two_inner_runs_for_one_client_are_two_records(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    inner: Runnable[Any, Any] = ScriptedModel(replies=[Says()] * 2).with_config(
        metadata={"keito_target": "globex"}
    )

    def work(text: str) -> list[Any]:
        return [inner.invoke(text), inner.invoke(text)]

    RunnableLambda(work).invoke("x", using(handler))

    projects = [entry["project_id"] for entry in entries_of(recorder, keito)]
    assert sorted(projects) == [
        "prj_acme_support",
        "prj_globex_onboarding",
        "prj_globex_onboarding",
    ]


def test_the_time_of_an_inner_target_is_not_its_parents_as_well(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    from time import sleep

    def work(value: Any) -> Any:
        with bill_to("globex"):
            RunnableLambda(sleep).invoke(0.2)
        return value

    RunnableLambda(work).invoke("x", using(handler))

    charged = {
        e["project_id"]: float(e["metadata"]["seconds_charged"])
        for e in entries_of(recorder, keito)
    }
    assert charged["prj_globex_onboarding"] >= 0.2
    assert charged[keito.project_id] < charged["prj_globex_onboarding"]


def test_the_handlers_of_one_run_make_one_record_although_both_have_targets(
    recorder: Recorder, keito: LocalKeito
) -> None:
    other = KeitoCallbackHandler(recorder, Target(project_id=keito.project_id, task_id="t"))

    agent(Says()).invoke(asked(), using(KeitoCallbackHandler(recorder, GLOBEX), other))

    assert only(entries_of(recorder, keito))["project_id"] == "prj_globex_onboarding"


def test_what_a_node_starts_with_keito_is_part_of_the_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    @billed(recorder=recorder)
    def step(value: str) -> str:
        run = current_run()
        assert run is not None
        run.note("A step.")
        return str(ScriptedModel(replies=[Says()]).invoke(value).content)

    RunnableLambda(step).invoke("x", using(handler))

    assert said(recorder, keito)["tokens_in"] == INPUT


@needs_handing_on
async def test_code_in_a_node_finds_its_run(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    async def report(state: State) -> State:
        run = current_run()
        assert run is not None
        run.outcome("ticket_resolved", subject="T-1")
        return {}

    graph = StateGraph(State)
    graph.add_node("report", report)
    graph.add_edge(START, "report")

    await graph.compile().ainvoke({}, using(handler))

    assert current_run() is None
    types = [e["metadata"].get("outcome_type") for e in entries_of(recorder, keito)]
    assert sorted(map(str, types)) == ["None", "ticket_resolved"]
