"""However an agent is run, traced or not, what comes of it is the same record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import openai_agents_keito
import pytest
from agents import (
    Agent,
    InputGuardrail,
    ModelBehaviorError,
    OutputGuardrail,
    RunConfig,
    Runner,
    ToolGuardrailFunctionOutput,
    ToolInputGuardrail,
    ToolOutputGuardrail,
    function_tool,
)

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Fails, RefusedError, Says, entries_of
from tests.openai_agents.scripted import MODEL, agent
from tests.openai_agents.ways import EACH, Noting, Way, ended, in_a_thread, tripping

TRACED = [
    RunConfig(tracing_disabled=True),
    RunConfig(trace_include_sensitive_data=True),
    RunConfig(trace_include_sensitive_data=False),
]


@dataclass(frozen=True)
class Case:
    """What is run, anew each time, and what its record says.

    Attributes:
        made: Makes the agent, and what else the runner is given.
        status: How the run ends.
        answers: How often the model answered.
        more: What else the record says.
    """

    made: Callable[[], tuple[Agent[Any], dict[str, Any]]]
    status: str
    answers: int
    more: dict[str, Any] = field(default_factory=dict)


@function_tool
def fail() -> str:
    """Fail."""
    raise RuntimeError("no")


@function_tool(failure_error_function=None)
def fail_for_good() -> str:
    """Fail."""
    raise RuntimeError("no")


@function_tool(needs_approval=True)
def pay() -> str:
    """Pay."""
    return "paid"


def of(*replies: Any, settings: dict[str, Any] | None = None, **options: Any) -> Any:
    """Make an agent that is not yet one of another run."""
    return lambda: (agent(*replies, **(settings or {})), options)


def guarded_tool(**guardrails: Any) -> Any:
    @function_tool
    def work() -> str:
        """Work."""
        return "done"

    for name, guardrail in guardrails.items():
        setattr(work, name, [guardrail])
    return of(Calls("work"), Says(), settings={"tools": [work]})


def refusing(data: object) -> ToolGuardrailFunctionOutput:
    return ToolGuardrailFunctionOutput.reject_content("not now")


def stopping(data: object) -> ToolGuardrailFunctionOutput:
    return ToolGuardrailFunctionOutput.raise_exception()


def slower_guardrail() -> tuple[Agent[Any], dict[str, Any]]:
    """A guardrail that only trips when the agent has answered."""
    hooks = Noting()
    guardrail = InputGuardrail(tripping(after=hooks.answered))
    return agent(Says(), input_guardrails=[guardrail]), {"hooks": hooks}


def handing_off() -> tuple[Agent[Any], dict[str, Any]]:
    second = agent(Says(), name="second")
    return agent(Calls("transfer_to_second"), handoffs=[second]), {}


def nesting(*replies: Any) -> Any:
    def made() -> tuple[Agent[Any], dict[str, Any]]:
        ask = agent(*replies, name="expert").as_tool("ask", "Ask.")
        return agent(Calls("ask", {"input": "?"}), Says(), tools=[ask]), {}

    return made


def running_inside() -> tuple[Agent[Any], dict[str, Any]]:
    @function_tool
    async def ask() -> str:
        """Ask."""
        return str((await Runner.run(agent(Says(), name="expert"), "?")).final_output)

    return agent(Calls("ask"), Says(), tools=[ask]), {}


MANY = [Calls("look_up", id=f"call_{n}") for n in range(3)]
BEFORE = {"input_guardrails": [InputGuardrail(tripping(), run_in_parallel=False)]}
AFTER = {"output_guardrails": [OutputGuardrail(tripping())]}
FIRST = {"tool_use_behavior": "stop_on_first_tool"}

CASES = {
    "a tool": Case(of(Calls("look_up"), Says()), "ok", 2, {"tool_calls": 1}),
    "three tools at once": Case(of(MANY, Says()), "ok", 2, {"tool_calls": 3}),
    "the first tool ends it": Case(of(Calls("look_up"), settings=FIRST), "ok", 1),
    "a tool's error that the model is told": Case(
        of(Calls("fail"), Says(), settings={"tools": [fail]}), "ok", 2, {"tool_calls": 1}
    ),
    "a tool that raises": Case(
        of(Calls("fail_for_good"), settings={"tools": [fail_for_good]}),
        "error",
        1,
        {"tool_calls": 1},
    ),
    "a tool that does not exist": Case(of(Calls("invented")), "error", 1, {"tool_calls": 0}),
    "the first call raises": Case(of(Fails(RefusedError("no"))), "error", 0, {"llm_calls": 1}),
    "the first call raises, and nobody knows why": Case(
        of(Fails(RuntimeError("no"))), "error", 0, {"tokens_in": None, "usage_incomplete": True}
    ),
    "an answer that the SDK refuses": Case(
        of(Calls("look_up"), Fails(ModelBehaviorError("incomplete"))),
        "error",
        1,
        {"llm_calls": 2, "usage_incomplete": True},
    ),
    "the second call raises": Case(
        of(Calls("look_up"), Fails(RefusedError("no"))), "error", 1, {"llm_calls": 2}
    ),
    "an output of the wrong form": Case(
        of(Says("no number"), settings={"output_type": int}), "error", 1
    ),
    "too many turns": Case(of(*MANY, max_turns=2), "limit", 2),
    "too many turns, and a handler answers": Case(
        of(*MANY, max_turns=2, error_handlers={"max_turns": lambda given: "Enough."}), "ok", 2
    ),
    "a guardrail before the model": Case(
        of(Says(), settings=BEFORE), "guardrail", 0, {"tokens_in": None, "model_name": None}
    ),
    "a guardrail that is slower than the model": Case(slower_guardrail, "guardrail", 1),
    "a guardrail of the output": Case(of(Says(), settings=AFTER), "guardrail", 1),
    "a guardrail of a tool's input": Case(
        guarded_tool(tool_input_guardrails=ToolInputGuardrail(stopping)), "guardrail", 1
    ),
    "a guardrail of a tool's output": Case(
        guarded_tool(tool_output_guardrails=ToolOutputGuardrail(stopping)), "guardrail", 1
    ),
    "a guardrail that keeps a tool from running": Case(
        guarded_tool(tool_input_guardrails=ToolInputGuardrail(refusing)), "ok", 2, {"tool_calls": 0}
    ),
    "a guardrail that keeps a tool's output from the model": Case(
        guarded_tool(tool_output_guardrails=ToolOutputGuardrail(refusing)),
        "ok",
        2,
        {"tool_calls": 1},
    ),
    "an approval": Case(of(Calls("pay"), settings={"tools": [pay]}), "interrupted", 1),
    "a handoff": Case(handing_off, "ok", 2),
    "an agent as a tool": Case(nesting(Says()), "ok", 3, {"llm_calls": 3}),
    "an agent as a tool that fails": Case(
        nesting(Calls("look_up"), Fails(RefusedError("no"))), "ok", 3, {"llm_calls": 4}
    ),
    "a run inside a tool": Case(running_inside, "ok", 3, {"llm_calls": 3}),
}


@pytest.mark.usefixtures("attached", "tracing")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_its_record_is_the_same_in_every_way(
    case: Case, recorder: Recorder, keito: LocalKeito
) -> None:
    for way in EACH:
        for config in TRACED:
            clerk, options = case.made()
            await ended(way, clerk, run_config=config, **options)

    records = entries_of(recorder, keito)
    usual = {"status": case.status, "tokens_in": case.answers * INPUT, "model_name": MODEL}
    expected = {**usual, "usage_incomplete": None, **case.more}
    said = [{name: one["metadata"].get(name) for name in expected} for one in records]
    assert said == [expected] * len(EACH) * len(TRACED)
    assert {one["billable"] for one in records} == {case.status in ("ok", "interrupted")}


def own_ways(recorder: Recorder) -> list[Way]:
    """The ways to run an agent that bill it without being attached."""

    async def ran(clerk: Agent[Any], **options: Any) -> None:
        await openai_agents_keito.run(clerk, "Help.", recorder=recorder, **options)

    async def in_thread(clerk: Agent[Any], **options: Any) -> None:
        run = openai_agents_keito.run_sync
        await in_a_thread(clerk, run_sync=run, recorder=recorder, **options)

    async def streamed(clerk: Agent[Any], **options: Any) -> None:
        run = openai_agents_keito.run_streamed
        async for _ in run(clerk, "Help.", recorder=recorder, **options).stream_events():
            pass

    return [ran, in_thread, streamed]


# Nobody records there what an agent used as a tool does, nor what a tool runs by itself.
LESS = {"an agent as a tool that fails": {"llm_calls": 3}}
OWN = {name: case for name, case in CASES.items() if name != "a run inside a tool"}


@pytest.mark.parametrize("name", OWN)
async def test_its_record_is_the_same_where_only_this_run_is_billed(
    name: str, recorder: Recorder, keito: LocalKeito
) -> None:
    case = OWN[name]
    for way in own_ways(recorder):
        clerk, options = case.made()
        await ended(way, clerk, **options)

    records = entries_of(recorder, keito)
    usual = {"status": case.status, "tokens_in": case.answers * INPUT}
    more = {**case.more, **LESS.get(name, {})}
    expected = {**usual, "usage_incomplete": None, **more}
    found = [{key: one["metadata"].get(key) for key in expected} for one in records]
    assert found == [expected] * 3
