"""Guardrails that come late, fail, or trip while a person is asked: the status is the truth."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from agents import GuardrailFunctionOutput, InputGuardrail, Runner
from openai.types.responses import Response

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, RefusedError, Says, entries_of, only
from tests.openai_agents.scripted import ScriptedModel, agent
from tests.openai_agents.test_resuming import pay
from tests.openai_agents.ways import (
    ALL,
    BOTH,
    Noting,
    Way,
    ended,
    never_read,
    said,
    streamed,
    tripping,
)

pytestmark = pytest.mark.usefixtures("attached")

Guards = Callable[..., Awaitable[GuardrailFunctionOutput]]


def failing(after: asyncio.Event, *, later: float = 0.0) -> Guards:
    """A guardrail's function that fails once something has happened."""

    async def fail(*args: object) -> GuardrailFunctionOutput:
        await after.wait()
        await asyncio.sleep(later)
        # Its own provider has refused it, which says nothing of the agent's.
        raise RefusedError("the guardrail is down")

    return fail


class Slow(ScriptedModel):
    """Answers a while after it was asked."""

    def __init__(self, asked: asyncio.Event, *, after: float) -> None:
        super().__init__(Says())
        self._asked = asked
        self._after = after

    async def _response(self) -> Response:
        self._asked.set()
        await asyncio.sleep(self._after)
        return await super()._response()


async def recorded(recorder: Recorder, keito: LocalKeito) -> dict[str, Any]:
    """The only entry, once all has ended that its run has left behind."""
    while recorder.status().open_runs:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    return only(entries_of(recorder, keito))


@ALL
async def test_a_guardrail_that_fails_after_the_answer_makes_its_run_an_error(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    hooks = Noting()
    guardrail = InputGuardrail(failing(hooks.answered, later=0.05))

    await ended(way, agent(Says(), input_guardrails=[guardrail]), hooks=hooks)

    entry = await recorded(recorder, keito)
    assert (entry["metadata"]["status"], entry["billable"]) == ("error", False)
    assert entry["metadata"]["tokens_in"] == INPUT


@ALL
async def test_a_call_that_a_failing_guardrail_cuts_off_is_unknown_and_not_free(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    asked = asyncio.Event()
    clerk = agent(input_guardrails=[InputGuardrail(failing(asked))])
    # Older releases do not cut a stream's call off; any other is, however long that takes.
    clerk.model = Slow(asked, after=0.3 if way in (streamed, never_read) else 60)

    await ended(way, clerk)

    metadata = (await recorded(recorder, keito))["metadata"]
    known = metadata.get("tokens_in"), metadata.get("usage_incomplete")
    assert metadata["status"] == "error"
    assert known in [(None, True), (INPUT, None)]
    assert known == (None, True) or way in (streamed, never_read)


@ALL
async def test_a_guardrail_that_trips_while_a_person_is_asked_is_no_interruption(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    answered = asyncio.Event()

    class Told(Noting):
        async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
            answered.set()

    hooks = Told()
    guardrail = InputGuardrail(tripping(after=answered))
    clerk = agent(Calls("pay"), tools=[pay], input_guardrails=[guardrail])

    await ended(way, clerk, hooks=hooks)

    entry = await recorded(recorder, keito)
    assert (entry["metadata"]["status"], entry["billable"]) == ("guardrail", False)


@BOTH
async def test_a_run_that_is_cancelled_within_a_hook_is_cancelled(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    class Cancelling(Noting):
        async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
            raise asyncio.CancelledError

    with pytest.raises((asyncio.CancelledError, AssertionError)):
        await way(agent(Calls("look_up"), Says()), hooks=Cancelling())
        raise AssertionError("a stream that is cancelled just ends")

    assert said(recorder, keito)["status"] == "cancelled"


async def test_the_failure_of_a_stream_that_nobody_reads_is_said_as_without_us() -> None:
    loop, said_so = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: said_so.append(context["message"]))

    class Failing(Noting):
        async def on_llm_start(
            self, context: Any, agent: Any, system_prompt: Any, input_items: Any
        ) -> None:
            raise RuntimeError("no")

    result = Runner.run_streamed(agent(Says()), "?", hooks=Failing())
    assert result.run_loop_task is not None
    await asyncio.wait([result.run_loop_task])
    del result
    gc.collect()

    assert said_so == ["Task exception was never retrieved"]
