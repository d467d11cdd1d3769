"""Streams that are not read to their end, or that end where they should not."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGenerationChunk
from langchain_keito import KeitoCallbackHandler

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, RefusedError, Says, entries_of, only
from tests.langchain.scripted import ScriptedModel, agent, asked, break_off, using
from tests.langchain.test_runs import said


class CutOff(ScriptedModel):
    """Fails after so many pieces of its answer."""

    pieces: int
    error: Exception

    def _stream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for _ in range(self.pieces):
            yield ChatGenerationChunk(message=AIMessageChunk(content="One "))
        raise self.error


@pytest.mark.parametrize(
    ("pieces", "error", "is_unknown"),
    [(0, RefusedError("busy"), False), (0, RuntimeError("cut"), True), (2, RefusedError(), True)],
)
def test_what_a_stream_took_that_fails_is_unknown_unless_it_was_refused(
    pieces: int,
    error: Exception,
    is_unknown: bool,
    recorder: Recorder,
    keito: LocalKeito,
    handler: KeitoCallbackHandler,
) -> None:
    # One that was refused took nothing; one that was cut off will be on the bill.
    with pytest.raises(RuntimeError):
        list(CutOff(replies=[], pieces=pieces, error=error).stream("Go on.", using(handler)))

    metadata = said(recorder, keito)
    assert metadata["status"] == "error"
    assert ("usage_incomplete" in metadata) is is_unknown
    assert not metadata.get("tokens_in")


async def test_an_asynchronous_stream_of_a_chain_that_is_broken_off_is_closed_early(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    steps = ScriptedModel(replies=[Says("One two three.")]) | StrOutputParser()
    stream: Any = steps.astream("Go on.", using(handler))

    await anext(stream)
    await stream.aclose()
    # LangChain closes what is inside only when it is garbage, and then as tasks of the loop.
    del stream
    gc.collect()
    await asyncio.sleep(0.01)

    entry = only(entries_of(recorder, keito))
    assert entry["metadata"]["status"] == "closed_early"
    assert entry["billable"] is True


def test_a_stream_that_is_left_unread_ends_when_nobody_can_read_it_any_more(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    stream = agent(Calls("look_up"), Says()).stream(asked(), using(handler))
    next(stream)
    open_before = recorder.status().open_runs

    del stream
    gc.collect()

    assert open_before == 1
    assert said(recorder, keito)["status"] == "closed_early"


def test_a_stream_of_an_agents_messages_that_is_broken_off_is_one_record(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    # What the node's thread does until its end belongs to the run.
    clerk = agent(Says("One two three."))

    break_off(clerk.stream(asked(), using(handler), stream_mode="messages"))

    metadata = said(recorder, keito)
    assert (metadata["status"], metadata["tokens_in"]) == ("closed_early", INPUT)
