"""Where agents run: in a notebook's loop, in asyncio alone, in threads alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx

from keito.billing import Recorder, Usage
from keito.testing import LocalKeito
from tests.billing.sending import PATIENCE, recorder_to

USED = Usage(model="m", input_tokens=1, output_tokens=1)


@pytest.fixture
def recorder(local: LocalKeito, tmp_path: Path) -> Iterator[Recorder]:
    made = recorder_to(local, tmp_path)
    yield made
    made.close(1)


def statuses(local: LocalKeito) -> list[str]:
    found = [entry["metadata"] or {} for entry in local.entries()]
    return [metadata["status"] for metadata in found if "status" in metadata]


async def test_asyncio_alone_records_without_a_call_that_blocks(
    recorder: Recorder, local: LocalKeito
) -> None:
    async def work() -> None:
        async with recorder.run("agent") as run:
            call = run.model_start("1")
            await asyncio.sleep(0)
            call.end(USED)

    with blockbuster_ctx():
        await asyncio.gather(*(work() for _ in range(20)))
    left = await asyncio.to_thread(recorder.flush, PATIENCE)

    assert left == 0
    assert statuses(local) == ["ok"] * 20


def test_a_notebooks_cells_record_while_its_loop_runs_and_flush_between(
    recorder: Recorder, local: LocalKeito
) -> None:
    async def cell(n: int) -> int:
        # Synchronous code with a loop running in its thread, as in a notebook.
        with recorder.run(f"cell {n}") as run:
            run.model_call(USED, key="1")
        return recorder.flush(PATIENCE)

    loop = asyncio.new_event_loop()
    left = [loop.run_until_complete(cell(n)) for n in range(3)]
    loop.close()

    assert left == [0, 0, 0]
    assert statuses(local) == ["ok"] * 3


async def test_a_loop_goes_on_while_a_thread_of_it_flushes(
    recorder: Recorder, local: LocalKeito
) -> None:
    local.faults.slow(0.3, method="POST", times=1)
    async with recorder.run("agent"):
        pass

    turns = 0
    flushing = asyncio.create_task(asyncio.to_thread(recorder.flush, PATIENCE))
    while not flushing.done():
        turns += 1
        await asyncio.sleep(0.01)

    assert await flushing == 0
    assert turns > 3


def test_threads_alone_record_and_flush_at_once(recorder: Recorder, local: LocalKeito) -> None:
    left: list[int] = []

    def work() -> None:
        for _ in range(5):
            with recorder.run("agent") as run:
                run.model_call(USED, key="1")
        left.append(recorder.flush(PATIENCE))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Whoever flushes first may see what others have just recorded; the last sees nothing.
    assert recorder.flush(PATIENCE) == 0
    assert len(left) == 4
    assert statuses(local) == ["ok"] * 20
