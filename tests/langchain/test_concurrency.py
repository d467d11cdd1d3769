"""Many runs at once on one handler, on an event loop that nothing may block."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx
from langchain_core.runnables import RunnableLambda
from langchain_keito import KeitoCallbackHandler, KeitoMiddleware, log_outcome
from langchain_keito._tree import tree
from langgraph.checkpoint.memory import InMemorySaver

from keito.billing import Limits, Recorder, Target, bill_to
from keito.billing.run_facts import result_in
from keito.testing import LocalKeito
from tests.bench.journal import recorded
from tests.contract import INPUT, Calls, Hangs, Says, entries_of, resolved
from tests.langchain.scripted import ScriptedModel, agent, asked, needs_handing_on, using

RUNS = 10_000


class Endless(ScriptedModel):
    """Answers any number of calls, at once."""

    def model_post_init(self, context: object, /) -> None:
        super().model_post_init(context)
        self._next = iter(Says, None)


@needs_handing_on
@pytest.mark.timeout(300)
async def test_ten_thousand_runs_at_once_are_ten_thousand_records(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox.db"
    target = Target(project_id="prj_acme_support", task_id="tsk_agent_run")
    recorder = Recorder(outbox=outbox, target=target, courier="external")
    handler = KeitoCallbackHandler(recorder)
    model = Endless(replies=[])

    async def work(number: int) -> str:
        await asyncio.sleep(0)
        return str((await model.ainvoke(str(number))).content)

    async def one(number: int) -> None:
        with bill_to(session_id=f"s-{number}"):
            await RunnableLambda(work).ainvoke(number, using(handler))

    await asyncio.gather(*(one(number) for number in range(RUNS)))
    open_runs = recorder.status().open_runs
    recorder.close(30)

    started = [json.loads(line[-1]) for line in recorded(outbox, "start")]
    usage = [result_in(line[-1]).get("usage", []) for line in recorded(outbox, "finish")]
    assert {start["target"]["session_id"] for start in started} == {f"s-{n}" for n in range(RUNS)}
    assert [[call.get("input_tokens") for call in calls] for calls in usage] == [[INPUT]] * RUNS
    assert open_runs == 0
    assert len(tree) == 0


@needs_handing_on
async def test_nothing_blocks_the_event_loop(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    limited = KeitoCallbackHandler(recorder, Target(limits=Limits(cost=1)))
    tools: list[Any] = [log_outcome(recorder)]
    clerk = agent(
        Calls("look_up"),
        resolved("T-1"),
        Says(),
        tools=tools,
        middleware=[KeitoMiddleware()],
        checkpointer=InMemorySaver(),
    )
    config = using(limited, configurable={"thread_id": "t-1"})

    with blockbuster_ctx():
        await clerk.ainvoke(asked(), config)
        async for _ in agent(Says()).astream_events(asked(), using(handler), version="v2"):
            pass
        task = asyncio.ensure_future(agent(Hangs(asyncio.Event())).ainvoke(asked(), using(handler)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    entries = await asyncio.to_thread(entries_of, recorder, keito)
    assert len(entries) == 4
