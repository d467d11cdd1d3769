"""The time of what is done in a batch."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatResult
from langchain_keito import KeitoCallbackHandler
from pydantic import PrivateAttr

from keito.billing import Contract, MemoryOutbox, Recorder, Target
from keito.testing import LocalKeito
from tests.contract import Says, entries_of
from tests.langchain.scripted import ScriptedModel, using

LONG = 0.2


@pytest.fixture
def by_work(keito: LocalKeito) -> Iterator[Recorder]:
    """A recorder that charges the time of model and tool calls."""
    recorder = Recorder(
        outbox=MemoryOutbox(),
        target=Target(project_id=keito.project_id, task_id=keito.task_id),
        contract=Contract(time_basis="active"),
        **keito.client_settings,
    )
    yield recorder
    recorder.close(0)


class Slow(ScriptedModel):
    """Answers what is short at once, and what is long a while after that."""

    _answered: threading.Event = PrivateAttr(default_factory=threading.Event)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        if messages[-1].text == "long":
            self._answered.wait(10)
            time.sleep(LONG)
        self._answered.set()
        return super()._generate(messages, *args, **kwargs)

    async def _agenerate(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> ChatResult:
        if messages[-1].text == "long":
            await asyncio.sleep(LONG)
        return await super()._agenerate(messages, *args, **kwargs)


async def run(what: Any, call: str, handler: KeitoCallbackHandler) -> None:
    inputs = ["short", "long"]
    if call == "batch":
        what.batch(inputs, using(handler))
    else:
        await what.abatch(inputs, using(handler))


def seconds(recorder: Recorder, keito: LocalKeito, name: str) -> list[float]:
    return sorted(float(entry["metadata"][name]) for entry in entries_of(recorder, keito))


CALLS = pytest.mark.parametrize("call", ["batch", "abatch"])


@CALLS
async def test_by_its_calls_each_input_of_a_chain_is_charged_what_it_took_itself(
    call: str, by_work: Recorder, keito: LocalKeito
) -> None:
    # LangChain begins all inputs first and ends all of them last, and takes one step after another.
    chain = Slow(replies=[Says()] * 2) | StrOutputParser()

    await run(chain, call, KeitoCallbackHandler(by_work))

    raw = seconds(by_work, keito, "seconds_raw")
    charged = seconds(by_work, keito, "seconds_charged")
    assert all(one >= LONG for one in raw)
    assert charged[1] - charged[0] > LONG / 2


@CALLS
async def test_each_input_of_a_bare_model_is_charged_its_own_time(
    call: str, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    await run(Slow(replies=[Says()] * 2), call, handler)

    charged = seconds(recorder, keito, "seconds_charged")
    assert charged[1] - charged[0] > LONG / 2
