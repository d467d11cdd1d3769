"""Opening a record: whatever a run is given, it is recorded, and for nobody it is not meant for."""

from __future__ import annotations

import asyncio
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from agents import AgentHooks, RunHooks, Runner, RunState
from openai_agents_keito import (
    KeitoRunHooks,
    KeitoTracingProcessor,
    attach,
    run_streamed,
    run_sync,
)
from openai_agents_keito import run as billed_run

from keito.billing import Recorder, Target
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Says, entries_of, only
from tests.openai_agents.scripted import agent
from tests.openai_agents.test_resuming import payer
from tests.openai_agents.ways import BOTH, Way, in_a_thread, ran, said


class Proxy:
    """A context that stands for a request there is none of."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError("outside of a request")


class Broken(Mapping[str, object]):
    def __getitem__(self, name: str) -> object:
        raise ValueError("not now")

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass
class Customer:
    keito_target: Any


@pytest.mark.parametrize(
    "made", [Proxy, Broken, lambda: Customer(7), lambda: Customer({"project_id": "p"})]
)
async def test_a_context_that_names_nobody_bills_nobody_and_its_run_is_kept(
    made: Callable[[], object],
    recorder: Recorder,
    keito: LocalKeito,
) -> None:
    attach(recorder)

    await ran(agent(Says()), context=made())

    assert entries_of(recorder, keito) == []
    assert len(recorder.backlog().records(state="UNROUTED")) == 1


async def test_an_argument_is_heard_where_the_context_can_not_be_read(
    recorder: Recorder, keito: LocalKeito
) -> None:
    acme = Target(project_id=keito.project_id, task_id=keito.task_id)

    await billed_run(agent(Says()), "Help.", context=Proxy(), recorder=recorder, target=acme)

    assert only(entries_of(recorder, keito))["project_id"] == keito.project_id


async def test_a_context_that_has_become_a_mapping_in_the_states_text_bills_nobody_else(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    customer = Customer(Target(project_id="prj_globex_onboarding", task_id=keito.task_id))
    first = await Runner.run(payer(), "Help.", context=customer)
    text = first.to_state().to_string()

    state = await RunState.from_string(payer(), text)
    state.approve(state.get_interruptions()[0])
    await Runner.run(payer(Says()), state)

    entry = only(entries_of(recorder, keito))
    assert (entry["project_id"], entry["metadata"]["status"]) == (
        "prj_globex_onboarding",
        "interrupted",
    )
    assert len(recorder.backlog().records(state="UNROUTED")) == 1


class Conversation:
    """A session that has no name before it is first asked for its items, as OpenAI's own."""

    session_settings = None
    _id: str | None = None

    @property
    def session_id(self) -> str:
        if self._id is None:
            raise ValueError("no session id yet")
        return self._id

    async def get_items(self, limit: int | None = None) -> list[Any]:
        self._id = "conv_1"
        return []

    async def add_items(self, items: list[Any]) -> None:
        pass

    async def pop_item(self) -> None:
        pass

    async def clear_session(self) -> None:
        pass


@BOTH
async def test_a_conversation_that_has_no_name_yet_is_recorded_under_the_one_it_gets(
    way: Way, recorder: Recorder, keito: LocalKeito, caplog: pytest.LogCaptureFixture
) -> None:
    attach(recorder)

    await way(agent(Says()), session=Conversation())

    metadata = said(recorder, keito)
    assert (metadata["session_id"], metadata["tokens_in"]) == ("conv_1", INPUT)
    assert "failed" not in caplog.text


async def test_an_agent_without_a_name_is_recorded(recorder: Recorder, keito: LocalKeito) -> None:
    attach(recorder)

    await ran(agent(Says(), name=""))

    assert said(recorder, keito)["tokens_in"] == INPUT


@pytest.mark.parametrize("given", [{"recorder": "x"}, {"target": {"project_id": "p"}}])
async def test_wrong_types_fail_where_they_are_given(given: dict[str, Any]) -> None:
    for make in (attach, KeitoRunHooks, KeitoTracingProcessor):
        with pytest.raises(TypeError, match="give a"):
            make(**given)
    with pytest.raises(TypeError, match="give a"):
        await billed_run(agent(Says()), "Help.", **given)


async def test_hooks_of_both_kinds_are_refused_as_without_us(recorder: Recorder) -> None:
    both: Any = types.new_class("Both", (RunHooks, AgentHooks))
    attach(recorder)

    with pytest.raises(TypeError, match="AgentHooks"):
        await Runner.run(agent(Says()), "Help.", hooks=both())


async def test_runs_are_billed_while_another_thread_attaches_again(
    recorder: Recorder, keito: LocalKeito
) -> None:
    attach(recorder)
    over = threading.Event()

    def again() -> None:
        while not over.is_set():
            attach(recorder)

    thread = threading.Thread(target=again)
    thread.start()
    try:
        for _ in range(30):
            await ran(agent(Says()))
    finally:
        over.set()
        await asyncio.to_thread(thread.join)

    assert len(entries_of(recorder, keito)) == 30


@pytest.mark.parametrize("attached_too", [False, True])
@BOTH
async def test_a_run_that_fails_puts_no_prompt_into_our_frames_of_its_traceback(
    attached_too: bool, way: Way, recorder: Recorder
) -> None:
    own = {"ran": billed_run, "streamed": run_streamed, "in_a_thread": run_sync}[way.__name__]
    clerk, given = agent(Calls("nothing")), "My secret."
    if attached_too:
        attach(recorder)
    with pytest.raises(Exception, match="not found") as raised:
        if own is run_sync:
            await in_a_thread(clerk, given, run_sync=run_sync, recorder=recorder)
        elif own is billed_run:
            await billed_run(clerk, given, recorder=recorder)
        else:
            async for _ in run_streamed(clerk, given, recorder=recorder).stream_events():
                pass

    trace, ours = raised.value.__traceback__, 0
    while trace is not None:
        frame, trace = trace.tb_frame, trace.tb_next
        if "openai_agents_keito" in frame.f_code.co_filename:
            ours += 1
            assert "My secret" not in repr(frame.f_locals)
    assert ours or own is run_streamed
