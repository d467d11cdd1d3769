"""Billing by a trace processor: alone, and beside `attach`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import agents.tracing
import pytest
from agents import (
    Agent,
    InputGuardrail,
    RunConfig,
    set_trace_processors,
    trace,
)
from agents.tracing import generation_span
from openai_agents_keito import KeitoTracingProcessor, attach, run

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, OUTPUT, Calls, Fails, Says, entries_of
from tests.openai_agents import wire
from tests.openai_agents.scripted import MODEL, ScriptedModel, agent
from tests.openai_agents.ways import Noting, ran, said, tripping
from tests.openai_agents.wire import Answer, on, responding, response

TASKS = hasattr(agents.tracing, "TaskSpanData")


class TracedModel(ScriptedModel):
    """A model that tells tracing what it used, as those of the SDK do."""

    async def get_response(self, *args: Any, **kwargs: Any) -> Any:
        with generation_span(model=self.model) as span:
            response = await super().get_response(*args, **kwargs)
            span.span_data.usage = {"input_tokens": INPUT, "output_tokens": OUTPUT}
            return response


def traced(*replies: Any, name: str = "clerk", **settings: Any) -> Agent[Any]:
    tools = [*settings.pop("tools", []), *agent().tools]
    return Agent(name=name, model=TracedModel(*replies), tools=tools, **settings)


@pytest.mark.usefixtures("tracing")
async def test_tracing_alone_bills_a_run(recorder: Recorder, keito: LocalKeito) -> None:
    await ran(traced(Calls("look_up"), Says()))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)
    assert (metadata["model_name"], metadata["agent_id"]) == (MODEL, "clerk")
    assert (metadata["llm_calls"], metadata["tool_calls"]) == (2, 1)


@pytest.mark.usefixtures("tracing")
async def test_tracing_alone_tells_nested_agents_apart(
    recorder: Recorder, keito: LocalKeito
) -> None:
    expert = traced(Says(), name="expert")
    clerk = traced(Calls("ask", {"input": "?"}), Says(), tools=[expert.as_tool("ask", "Ask.")])

    await ran(clerk)

    metadata = said(recorder, keito)
    assert metadata["tokens_in"] == 3 * INPUT
    assert metadata["agents"]["expert"]["tokens_in"] == INPUT


@pytest.mark.usefixtures("tracing")
@pytest.mark.parametrize("tasks", [True, False], ids=["with task spans", "without"])
async def test_tracing_alone_counts_a_handoff_once(
    tasks: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    second = traced(Says(), name="second")
    first = traced(Calls("transfer_to_second"), name="first", handoffs=[second])
    config = RunConfig(tracing={"include_task_and_turn_spans": tasks})

    await ran(first, run_config=config)

    # Only a task span holds the agents of a run together; older releases have none.
    records = [entry["metadata"] for entry in entries_of(recorder, keito)]
    tokens = [2 * INPUT] if tasks and TASKS else [INPUT, INPUT]
    assert [(one["status"], one["tokens_in"]) for one in records] == [("ok", n) for n in tokens]


@pytest.mark.usefixtures("tracing")
@pytest.mark.parametrize("sensitive", [True, False])
async def test_tracing_alone_names_a_model_if_it_may_see_the_answer(
    sensitive: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    config = RunConfig(trace_include_sensitive_data=sensitive)

    async with responding(Answer(response())) as model:
        await ran(on(model), run_config=config)

    metadata = said(recorder, keito)
    known = sensitive or TASKS  # older releases then keep the usage to themselves, too
    assert metadata.get("model_name") == (wire.SERVED if sensitive else None)
    assert metadata.get("tokens_in") == (wire.INPUT if known else None)
    assert metadata.get("tokens_cache_read") == (wire.CACHED if known else None)
    assert metadata.get("usage_incomplete", False) == (not known)


@pytest.mark.usefixtures("tracing")
async def test_each_run_of_a_trace_is_a_record(recorder: Recorder, keito: LocalKeito) -> None:
    with trace("batch", metadata={"keito_target": "somebody else"}):
        for _ in range(3):
            await ran(traced(Says()))

    entries = entries_of(recorder, keito)
    assert [e["metadata"]["tokens_in"] for e in entries] == [INPUT] * 3
    assert {e["project_id"] for e in entries} == {keito.project_id}


@pytest.mark.skipif(not TASKS, reason="older releases do not trace the error")
@pytest.mark.usefixtures("tracing")
async def test_tracing_alone_sees_errors_of_a_model(recorder: Recorder, keito: LocalKeito) -> None:
    with pytest.raises(RuntimeError):
        await ran(traced(Calls("look_up"), Fails(RuntimeError("no"))))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("error", INPUT)


@pytest.mark.usefixtures("tracing")
async def test_tracing_alone_sees_a_guardrail_trip(recorder: Recorder, keito: LocalKeito) -> None:
    hooks = Noting()
    guardrail = InputGuardrail(tripping(after=hooks.answered))

    with pytest.raises(Exception, match="triggered tripwire"):
        await ran(traced(Says(), input_guardrails=[guardrail]), hooks=hooks)

    assert said(recorder, keito)["status"] == "guardrail"


@pytest.mark.usefixtures("tracing")
@pytest.mark.parametrize("way", [ran, run], ids=["attached", "chosen"])
async def test_tracing_counts_nothing_that_the_runner_counts(
    way: Callable[..., Awaitable[object]], recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)

    await way(traced(Calls("look_up"), Says()), "Help.")

    metadata = said(recorder, keito)
    assert (metadata["llm_calls"], metadata["tokens_in"]) == (2, 2 * INPUT)


@pytest.mark.usefixtures("tracing")
async def test_tracing_leaves_nothing_of_a_run_behind(recorder: Recorder) -> None:
    processor = KeitoTracingProcessor(recorder)
    set_trace_processors([processor])

    await ran(traced(Calls("look_up"), Says()))
    await ran(traced(Says()), run_config=RunConfig(tracing_disabled=True))

    assert vars(processor)["_open"] == {}
