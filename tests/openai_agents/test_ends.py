"""How a run ends: every row that the SDK's hooks alone would get wrong, as `run` and streamed."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from agents import (
    Agent,
    AgentsException,
    GuardrailFunctionOutput,
    InputGuardrail,
    MaxTurnsExceeded,
    ModelBehaviorError,
    OutputGuardrail,
    Runner,
    ToolGuardrailFunctionOutput,
    ToolInputGuardrail,
    ToolOutputGuardrail,
    function_tool,
)
from openai_agents_keito import attach

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Fails, Hangs, Says, entries_of, only
from tests.openai_agents.scripted import ScriptedModel, agent

Way = Callable[..., Awaitable[None]]


async def ran(clerk: Agent[Any], given: Any = "Help.", **options: Any) -> None:
    await Runner.run(clerk, given, **options)


async def streamed(clerk: Agent[Any], given: Any = "Help.", **options: Any) -> None:
    async for _ in Runner.run_streamed(clerk, given, **options).stream_events():
        pass


async def in_a_thread(clerk: Agent[Any], given: Any = "Help.", **options: Any) -> None:
    """Run it with `run_sync`, which needs a thread without a loop that runs."""

    def work() -> None:
        # The SDK leaves the loop that it makes open.
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            Runner.run_sync(clerk, given, **options)
        finally:
            loop.close()

    await asyncio.to_thread(work)


async def never_read(clerk: Agent[Any], given: Any = "Help.", **options: Any) -> None:
    result = Runner.run_streamed(clerk, given, **options)
    assert result.run_loop_task is not None
    await asyncio.wait([result.run_loop_task])


BOTH = pytest.mark.parametrize("way", [ran, in_a_thread, streamed])
ALL = pytest.mark.parametrize("way", [ran, in_a_thread, streamed, never_read])


@pytest.fixture(autouse=True)
def attached(recorder: Recorder) -> None:
    attach(recorder)


def said(recorder: Recorder, keito: LocalKeito) -> dict[str, Any]:
    """The metadata of the only entry."""
    metadata: dict[str, Any] = only(entries_of(recorder, keito))["metadata"]
    return metadata


async def ended(way: Way, clerk: Agent[Any], **options: Any) -> None:
    """Run it, whatever it raises: what is recorded is what counts here."""
    with contextlib.suppress(AgentsException, RuntimeError):
        await way(clerk, **options)


def tripping(*, after: float = 0.0) -> Callable[..., Awaitable[GuardrailFunctionOutput]]:
    async def trip(*args: object) -> GuardrailFunctionOutput:
        await asyncio.sleep(after)
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered=True)

    return trip


@ALL
async def test_a_model_that_raises(way: Way, recorder: Recorder, keito: LocalKeito) -> None:
    await ended(way, agent(Calls("look_up"), Fails(RuntimeError("no"))))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("error", INPUT)


@ALL
async def test_an_answer_that_the_sdk_refuses_was_paid_for(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    # So it is with `incomplete` answers: the provider charges, and the SDK drops the usage.
    await ended(way, agent(Fails(ModelBehaviorError("incomplete"))))

    metadata = said(recorder, keito)
    assert metadata["status"] == "error"
    assert metadata["usage_incomplete"]


@ALL
async def test_a_tool_that_raises(way: Way, recorder: Recorder, keito: LocalKeito) -> None:
    @function_tool(failure_error_function=None)
    def fail() -> str:
        """Fail."""
        raise RuntimeError("no")

    await ended(way, agent(Calls("fail"), tools=[fail]))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"], metadata["tool_calls"]) == (
        "error",
        INPUT,
        1,
    )


@ALL
async def test_a_tool_that_does_not_exist(way: Way, recorder: Recorder, keito: LocalKeito) -> None:
    await ended(way, agent(Calls("invented")))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("error", INPUT)


@ALL
async def test_an_output_of_the_wrong_form(way: Way, recorder: Recorder, keito: LocalKeito) -> None:
    await ended(way, agent(Says("no number"), output_type=int))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("error", INPUT)


@ALL
async def test_too_many_turns(way: Way, recorder: Recorder, keito: LocalKeito) -> None:
    calls = [Calls("look_up", id=f"call_{n}") for n in range(3)]

    await ended(way, agent(*calls), max_turns=2)

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("limit", 2 * INPUT)


@ALL
async def test_an_input_guardrail_before_the_model(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    guardrail = InputGuardrail(tripping(), run_in_parallel=False)

    await ended(way, agent(Says(), input_guardrails=[guardrail]))

    metadata = said(recorder, keito)
    assert metadata["status"] == "guardrail"
    assert "tokens_in" not in metadata


@ALL
async def test_an_input_guardrail_that_is_slower_than_the_model(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    guardrail = InputGuardrail(tripping(after=0.05))

    await ended(way, agent(Says(), input_guardrails=[guardrail]))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("guardrail", INPUT)


@ALL
async def test_an_output_guardrail(way: Way, recorder: Recorder, keito: LocalKeito) -> None:
    await ended(way, agent(Says(), output_guardrails=[OutputGuardrail(tripping())]))

    entry = only(entries_of(recorder, keito))
    assert entry["billable"] is False
    assert entry["metadata"]["status"] == "guardrail"
    assert entry["metadata"]["tokens_in"] == INPUT


@ALL
@pytest.mark.parametrize("kind", ["input", "output"])
async def test_a_guardrail_of_a_tool(
    kind: str, way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    def stop(data: object) -> ToolGuardrailFunctionOutput:
        return ToolGuardrailFunctionOutput.raise_exception()

    @function_tool
    def work() -> str:
        """Work."""
        return "done"

    if kind == "input":
        work.tool_input_guardrails = [ToolInputGuardrail(stop)]
    else:
        work.tool_output_guardrails = [ToolOutputGuardrail(stop)]
    await ended(way, agent(Calls("work"), tools=[work]))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("guardrail", INPUT)


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
    guardrail = InputGuardrail(tripping(after=0.02))

    await ended(way, agent(Hangs(asyncio.Event()), input_guardrails=[guardrail]))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["usage_incomplete"]) == ("guardrail", True)


@BOTH
async def test_an_input_guardrail_that_the_stream_outruns(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    guardrail = InputGuardrail(tripping(after=0.05))

    await ended(way, agent(Calls("look_up"), Says(), input_guardrails=[guardrail]))

    entry = only(entries_of(recorder, keito))
    assert (entry["billable"], entry["metadata"]["status"]) == (False, "guardrail")


@ALL
async def test_a_tool_that_a_guardrail_keeps_from_running(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    def refuse(data: object) -> ToolGuardrailFunctionOutput:
        return ToolGuardrailFunctionOutput.reject_content("not now")

    @function_tool
    def work() -> str:
        """Work."""
        return "done"

    work.tool_input_guardrails = [ToolInputGuardrail(refuse)]
    await way(agent(Calls("work"), Says(), tools=[work]))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)
    assert metadata["tool_calls"] == 0


@ALL
async def test_a_tool_whose_error_the_model_is_told(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    @function_tool
    def fail() -> str:
        """Fail."""
        raise RuntimeError("no")

    await way(agent(Calls("fail"), Says(), tools=[fail]))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", 2 * INPUT)


@ALL
async def test_a_run_that_ends_with_its_first_tool(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    await way(agent(Calls("look_up"), tool_use_behavior="stop_on_first_tool"))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("ok", INPUT)


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
