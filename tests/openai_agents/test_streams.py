"""Streams that are cancelled, read in part, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import Any

import pytest
from agents import (
    Runner,
    function_tool,
)

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Hangs, Says, entries_of, only
from tests.openai_agents.scripted import agent
from tests.openai_agents.ways import (
    never_read,
    said,
)

pytestmark = pytest.mark.usefixtures("attached")


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
    result = Runner.run_streamed(agent(Calls("look_up"), Hangs(reached)), "Help.")

    async def read() -> None:
        async for _ in result.stream_events():
            pass

    task = asyncio.ensure_future(read())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert result.run_loop_task is not None
    await asyncio.wait([result.run_loop_task])

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("cancelled", INPUT)
    assert metadata["usage_incomplete"]


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
