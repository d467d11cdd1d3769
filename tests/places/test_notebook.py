"""A notebook: one long process in which cells run, run again, are interrupted, and start anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from keito.testing import LocalKeito
from tests.billing.sending import PATIENCE
from tests.places.books import books, charged
from tests.sandbox.waiting import eventually

SET_UP = """
import asyncio, pathlib, time
from keito.billing import Recorder, billed
from tests.places.sure import SURE
recorder = Recorder(timing=SURE)
@billed("decorated", recorder=recorder)
def work():
    return "done"
"""
SYNC = 'with recorder.run("sync"):\n    time.sleep(0)\nwork()'
ASYNC = 'async with recorder.run("async"):\n    await asyncio.sleep(0)'
LONG = """
with recorder.run("long"):
    pathlib.Path({marker!r}).touch()
    time.sleep(60)
"""
LONG_ASYNC = """
async with recorder.run("long async"):
    pathlib.Path({marker!r}).touch()
    while True:
        await asyncio.sleep(0.01)
"""
LEFT_OPEN = 'run = recorder.start("left open")'


# Neither this nor a client's kernel has types.
v4: Any = nbformat.v4


class Notebook:
    """A kernel, and what its cells do."""

    def __init__(self, client: Any, marker: Path) -> None:
        self.client = client
        self.marker = marker

    async def run(self, source: str) -> None:
        """Run a cell."""
        cells = self.client.nb.cells
        cells.append(v4.new_code_cell(source))
        await self.client.async_execute_cell(cells[-1], len(cells) - 1)

    async def interrupt(self, source: str) -> None:
        """Run a cell, and press stop while it runs."""
        running = asyncio.ensure_future(self.run(source.format(marker=str(self.marker))))
        assert await asyncio.to_thread(eventually, self.marker.exists, within=PATIENCE)
        self.marker.unlink()
        await self.client.km.interrupt_kernel()
        with pytest.raises(CellExecutionError, match=r"KeyboardInterrupt|CancelledError"):
            await running

    async def restart(self, *, now: bool) -> None:
        """Restart the kernel, `now` without waiting for it."""
        await self.client.km.restart_kernel(now=now)
        await self.client.kc.wait_for_ready(timeout=PATIENCE)


@pytest.fixture
async def notebook(
    local: LocalKeito, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Notebook]:
    own = {name: str(tmp_path / name) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
    settings = {**local.env, **own, "KEITO_OUTBOX": str(tmp_path / "outbox.db")}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    client = NotebookClient(v4.new_notebook(), kernel_name="python3", timeout=PATIENCE)
    async with client.async_setup_kernel():
        yield Notebook(client, tmp_path / "marker")


async def test_each_cell_is_delivered_once_while_the_notebook_stays_open(
    notebook: Notebook, local: LocalKeito
) -> None:
    for cell in (SET_UP, SYNC, ASYNC, SET_UP, SYNC):
        await notebook.run(cell)
    await notebook.interrupt(LONG)
    await notebook.interrupt(LONG_ASYNC)
    await notebook.run(ASYNC)

    assert eventually(lambda: books(local).total() == 8, within=PATIENCE)
    assert books(local) == {
        "sync ok": 2,
        "decorated ok": 2,
        "async ok": 2,
        "long cancelled": 1,
        "long async cancelled": 1,
    }
    assert charged(local, "long") + charged(local, "long async") == [False, False]


async def test_what_a_restart_leaves_open_is_recorded_once_and_not_charged(
    notebook: Notebook, local: LocalKeito
) -> None:
    for now in (False, True):
        await notebook.run(SET_UP)
        await notebook.run(LEFT_OPEN)
        await notebook.restart(now=now)
    await notebook.run(SET_UP)
    await notebook.run(ASYNC)

    assert eventually(lambda: books(local).total() == 3, within=PATIENCE)
    assert books(local) == {"left open abandoned": 1, "left open recovered": 1, "async ok": 1}
    assert charged(local, "left open") == [False, False]
