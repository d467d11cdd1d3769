"""How a run ends that is cancelled, forgotten or raced; how others end, see `test_every_way`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import Any

import pytest
from agents import (
    Agent,
    InputGuardrail,
    MaxTurnsExceeded,
    RunHooks,
    Runner,
    function_tool,
)
from openai_agents_keito import attach

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


@pytest.fixture(autouse=True)
def attached(recorder: Recorder) -> None:
    attach(recorder)


async def test_the_errors_of_the_sdk_reach_the_caller(recorder: Recorder) -> None:
    with pytest.raises(MaxTurnsExceeded) as raised:
        await Runner.run(agent(Calls("look_up")), "Help.", max_turns=1)

    assert raised.value.run_data is not None


async def test_a_tool_that_is_cancelled(recorder: Recorder, keito: LocalKeito) -> None:
    reached = asyncio.Event()

    @function_tool
    async def wait() -> str:
        """Wait."""
        reached.set()
        await asyncio.Event().wait()
        return "never"

    task = asyncio.ensure_future(ran(agent(Calls("wait"), tools=[wait])))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("cancelled", INPUT)


async def test_a_stream_that_is_cancelled_at_once(recorder: Recorder, keito: LocalKeito) -> None:
    reached = asyncio.Event()
    result = Runner.run_streamed(agent(Hangs(reached)), "Help.")
    await reached.wait()

    result.cancel()
    async for _ in result.stream_events():
        pass

    metadata = said(recorder, keito)
    assert metadata["status"] == "cancelled"
    assert metadata["usage_incomplete"]


async def test_a_stream_that_is_cancelled_after_its_turn(
    recorder: Recorder, keito: LocalKeito
) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    @function_tool
    async def work() -> str:
        """Work."""
        reached.set()
        await go_on.wait()
        return "done"

    result = Runner.run_streamed(agent(Calls("work"), Says(), tools=[work]), "Help.")
    await reached.wait()
    result.cancel("after_turn")
    go_on.set()
    async for _ in result.stream_events():
        pass

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("cancelled", INPUT)


async def test_a_stream_whose_reader_is_cancelled(recorder: Recorder, keito: LocalKeito) -> None:
    reached = asyncio.Event()
    task = asyncio.ensure_future(streamed(agent(Hangs(reached))))
    await reached.wait()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.01)

    assert said(recorder, keito)["status"] in ("cancelled", "abandoned")


async def test_a_stream_that_nobody_reads_is_charged(recorder: Recorder, keito: LocalKeito) -> None:
    await never_read(agent(Calls("look_up"), Says()))

    entry = only(entries_of(recorder, keito))
    assert entry["billable"] is True
    assert entry["metadata"]["tokens_in"] == 2 * INPUT


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_stream_whose_loop_is_closed_is_abandoned_at_exit(
    recorder: Recorder, keito: LocalKeito
) -> None:
    loop = asyncio.new_event_loop()
    reached = asyncio.Event()

    async def start() -> None:
        Runner.run_streamed(agent(Calls("look_up"), Hangs(reached)), "Help.")
        await reached.wait()

    loop.run_until_complete(start())
    loop.close()
    gc.collect()  # Python complains about the task that never ended here, not in a later test
    recorder.close(5)

    metadata = only(keito.entries())["metadata"]
    assert (metadata["status"], metadata["tokens_in"]) == ("abandoned", INPUT)


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
    recorder: Recorder, keito: LocalKeito
) -> None:
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(ran(agent(Calls("look_up"), Hangs(asyncio.Event()))), 0.05)

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("cancelled", INPUT)
    assert metadata["usage_incomplete"]


@pytest.mark.parametrize("raises", [False, True], ids=["breaks off", "raises"])
async def test_a_stream_of_which_a_half_is_read_goes_on(
    raises: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    result = Runner.run_streamed(agent(Calls("look_up"), Says("One two three.")), "Help.")

    with contextlib.suppress(LookupError):
        async for _ in result.stream_events():
            if raises:
                raise LookupError
            break
    assert result.run_loop_task is not None
    await asyncio.wait([result.run_loop_task])

    entry = only(entries_of(recorder, keito))
    assert (entry["billable"], entry["metadata"]["status"]) == (True, "ok")
    assert entry["metadata"]["tokens_in"] == 2 * INPUT


async def test_a_stream_whose_result_is_forgotten_goes_on(
    recorder: Recorder, keito: LocalKeito
) -> None:
    def begin() -> asyncio.Task[Any]:
        result = Runner.run_streamed(agent(Calls("look_up"), Says()), "Help.")
        assert result.run_loop_task is not None
        return result.run_loop_task

    task = begin()
    gc.collect()
    await asyncio.wait([task])

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)


def test_a_stream_that_the_end_of_its_loop_cancels(recorder: Recorder, keito: LocalKeito) -> None:
    reached = asyncio.Event()

    async def begin() -> None:
        Runner.run_streamed(agent(Calls("look_up"), Hangs(reached)), "Help.")
        await reached.wait()

    asyncio.run(begin())

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("cancelled", INPUT)
