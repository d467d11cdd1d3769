"""The open runs of the process, which any number of threads begin and end without a lock."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from langchain_keito._tree import Root, Tree

from keito.billing import MemoryOutbox, Recorder, Run

THREADS, RUNS = 4, 10_000


@pytest.fixture
def run() -> Iterator[Run]:
    """What all of the roots are billed as."""
    recorder = Recorder(outbox=MemoryOutbox(), courier="external")
    yield recorder.start("work")
    recorder.close(0)


@pytest.fixture
def hectic() -> Iterator[None]:
    """Threads take turns as often as Python lets them."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hectic")
def test_no_thread_disturbs_another_that_begins_or_ends_a_run(run: Run) -> None:
    tree = Tree()

    def begin_and_end(thread: int) -> None:
        for number in range(thread * RUNS, (thread + 1) * RUNS):
            root = Root(number, run, said=None, named=None, thread=None)
            tree.enter(root)
            tree.silent()
            tree.add(number, root)
            tree.forget(root)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(begin_and_end, range(THREADS)))

    assert len(tree) == 0
