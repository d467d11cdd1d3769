"""How a run ends that is cancelled, forgotten or raced; how others end, see `test_every_way`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import (
    Agent,
    InputGuardrail,
    MaxTurnsExceeded,
    RunHooks,
    Runner,
    Tool,
    function_tool,
)
from openai_agents_keito._ends import status_of_error

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Hangs, Says, entries_of, only
from tests.openai_agents.scripted import ScriptedModel, agent
from tests.openai_agents.ways import (
    ALL,
    Noting,
    Way,
    ended,
    in_a_thread,
    never_read,
    ran,
    said,
    streamed,
    tripping,
)

pytestmark = pytest.mark.usefixtures("attached")


def waiting(reached: asyncio.Event) -> Tool:
    """A tool that works for ever."""

    @function_tool
    async def wait() -> str:
        """Wait."""
        reached.set()
        await asyncio.Event().wait()
        return "never"

    return wait


async def test_the_errors_of_the_sdk_reach_the_caller(recorder: Recorder) -> None:
    with pytest.raises(MaxTurnsExceeded) as raised:
        await Runner.run(agent(Calls("look_up")), "Help.", max_turns=1)

    assert raised.value.run_data is not None


async def test_a_tool_that_is_cancelled(recorder: Recorder, keito: LocalKeito) -> None:
    reached = asyncio.Event()

    task = asyncio.ensure_future(ran(agent(Calls("wait"), tools=[waiting(reached)])))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("cancelled", INPUT)


async def test_a_chat_stream_without_usage_is_unknown_and_not_0(
    recorder: Recorder, keito: LocalKeito
) -> None:
    clerk: Agent[Any] = Agent(name="clerk", model=ScriptedModel(Says(), tokens=(0, 0)))

    await streamed(clerk)

    metadata = said(recorder, keito)
    assert metadata["usage_incomplete"]
    assert "tokens_in" not in metadata


@ALL
async def test_an_input_guardrail_that_trips_at_once(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    clerk = agent(Says(), input_guardrails=[InputGuardrail(tripping())])

    await ended(way, clerk)

    entry = only(entries_of(recorder, keito))
    model: Any = clerk.model
    metadata = entry["metadata"]
    assert (entry["billable"], metadata["status"]) == (False, "guardrail")
    # Whether the model is asked at all is the SDK's race: what it answered is counted.
    assert metadata.get("tokens_in", 0) == model.answered * INPUT


@pytest.mark.parametrize("way", [ran, in_a_thread])
async def test_an_input_guardrail_that_cancels_the_model(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    reached = asyncio.Event()
    guardrail = InputGuardrail(tripping(after=reached))

    await ended(way, agent(Hangs(reached), input_guardrails=[guardrail]))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["usage_incomplete"]) == ("guardrail", True)


@pytest.mark.parametrize("way", [streamed, never_read])
async def test_an_input_guardrail_that_a_stream_does_not_wait_for(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    hooks = Noting()
    guardrail = InputGuardrail(tripping(after=hooks.answered))

    await ended(way, agent(Calls("look_up"), Says(), input_guardrails=[guardrail]), hooks=hooks)

    entry = only(entries_of(recorder, keito))
    assert (entry["billable"], entry["metadata"]["status"]) == (False, "guardrail")
    assert entry["metadata"]["tokens_in"] == 2 * INPUT


@pytest.mark.parametrize("way", [ran, in_a_thread])
async def test_an_input_guardrail_that_the_second_turn_waits_for(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    told = asyncio.Event()

    class Telling(RunHooks[Any]):
        async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
            told.set()

    guardrail = InputGuardrail(tripping(after=told))
    clerk = agent(Calls("look_up"), Says(), input_guardrails=[guardrail])
    await ended(way, clerk, hooks=Telling())

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("guardrail", INPUT)


class Slow(ScriptedModel):
    """Answers a while after it was asked."""

    def __init__(self, asked: asyncio.Event, **settings: Any) -> None:
        super().__init__(Says(), **settings)
        self._asked = asked

    async def _response(self) -> Any:
        self._asked.set()
        await asyncio.sleep(0.02)
        return await super()._response()


@ALL
async def test_an_input_guardrail_that_is_faster_than_the_model(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    asked = asyncio.Event()
    model = Slow(asked)
    guardrail = InputGuardrail(tripping(after=asked))

    await ended(way, Agent(name="clerk", model=model, input_guardrails=[guardrail]))

    # A run cancels the model, which the provider may charge; a stream waits for its answer.
    metadata = said(recorder, keito)
    assert metadata["status"] == "guardrail"
    assert metadata.get("tokens_in", 0) == model.answered * INPUT
    assert metadata.get("usage_incomplete", False) == (model.answered == 0)


async def test_a_run_that_takes_too_long_for_its_caller(
    recorder: Recorder, keito: LocalKeito, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = asyncio.Event()
    work = ran(agent(Calls("look_up"), Hangs(reached)))
    waiting = asyncio.ensure_future(asyncio.wait_for(work, 3600))
    await reached.wait()

    # However busy the machine is, the hour is over once the model is being asked.
    loop = asyncio.get_running_loop()
    clock = loop.time
    monkeypatch.setattr(loop, "time", lambda: clock() + 3600)
    with pytest.raises(asyncio.TimeoutError):
        await waiting

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("cancelled", INPUT)
    assert metadata["usage_incomplete"]


async def test_a_stream_that_is_cancelled_while_a_tool_works(
    recorder: Recorder, keito: LocalKeito
) -> None:
    reached = asyncio.Event()

    result = Runner.run_streamed(agent(Calls("wait"), tools=[waiting(reached)]), "Help.")
    await reached.wait()
    result.cancel()
    assert result.run_loop_task is not None
    await asyncio.wait([result.run_loop_task])

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("cancelled", INPUT)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()])
def test_whoever_ends_a_run_from_outside_cancels_it(error: BaseException) -> None:
    assert status_of_error(error) == "cancelled"
