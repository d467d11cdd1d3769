"""Whose work it is, whatever happens in between: nesting, errors, tasks, threads, generators."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keito.billing import MemoryOutbox, Recorder, bill_to, current_run
from keito.billing.target import _bill_to
from tests.billing.conftest import AWAY, HOME

RECORDER = Recorder(outbox=MemoryOutbox(), courier="external", target=HOME, account_id="acc_test")
POOL = ThreadPoolExecutor(2)

Script = list[str]
SCRIPTS = st.lists(
    st.sampled_from(["block", "run", "raise", "catch", "thread", "copied", "step", "drop"]),
    max_size=12,
)
STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["next", "throw", "close", "thread"])),
    max_size=15,
)


@pytest.fixture(scope="module", autouse=True)
def _closed_at_the_end() -> Iterator[None]:
    yield
    RECORDER.close(0)
    POOL.shutdown()


class Expected(Exception):  # noqa: N818
    """Raised on purpose."""


def project() -> str | None:
    """Where work that begins now is billed."""
    run = RECORDER.start("probe")
    run.finish()
    return run.target.project_id if run.target else None


def here() -> tuple[object, object]:
    """All that code in this place could see of others' blocks and runs."""
    return _bill_to.get(), current_run()


def in_a_thread(work: Callable[[], object]) -> object:
    return POOL.submit(work).result()


@RECORDER.billed()
def reading(name: str) -> Generator[str | None, None, None]:
    """Work on another project, and hold a block and a run of its own across each yield."""
    with bill_to(project_id=name, task_id="t"):
        while True:
            with suppress(Expected), bill_to(session_id=name), RECORDER.run("inner"):
                before = here()
                yield project()
                assert here() == before


@RECORDER.billed()
async def reading_async(name: str) -> AsyncGenerator[str | None, None]:
    with bill_to(project_id=name, task_id="t"):
        while True:
            with suppress(Expected), bill_to(session_id=name), RECORDER.run("inner"):
                before = here()
                await asyncio.sleep(0)
                assert here() == before
                yield project()
                assert here() == before


def play(script: Script, owner: str, depth: int = 0) -> None:
    """Do what the script says, and see at each step that the right project is billed."""
    steps = reading("prj_reading")
    for number, action in enumerate(script):
        before, rest = here(), script[number + 1 :]
        assert project() == owner
        if action in ("block", "run"):
            nest(action, rest, f"prj_{depth}", depth)
            break
        if action == "raise":
            raise Expected
        if action == "catch":
            with suppress(Expected):
                play(rest, owner, depth)
        elif action == "thread":
            assert in_a_thread(project) == "prj_home"
        elif action == "copied":
            assert in_a_thread(functools.partial(copy_context().run, project)) == owner
        elif action == "step":
            assert next(steps) == "prj_reading"
        else:
            steps = reading("prj_reading")
        assert here() == before


def nest(action: str, rest: Script, name: str, depth: int) -> None:
    before = here()
    try:
        with bill_to(project_id=name, task_id="t"):
            if action == "block":
                play(rest, name, depth + 1)
            else:
                with RECORDER.run("nested") as run:
                    assert current_run() is run
                    play(rest, name, depth + 1)
    finally:
        assert here() == before


@given(SCRIPTS)
def test_the_right_target_is_current_and_the_outer_one_is_restored(script: Script) -> None:
    before = here()

    with suppress(Expected):
        play(script, "prj_home")

    assert here() == before
    assert project() == "prj_home"


def advanced(reader: Generator[str | None, None, None], action: str) -> object:
    if action == "throw":
        return reader.throw(Expected())
    return in_a_thread(reader.__next__) if action == "thread" else next(reader)


@given(STEPS)
def test_generators_read_in_any_order_never_see_each_other(steps: list[tuple[int, str]]) -> None:
    before = here()
    readers = [reading(f"prj_{number}") for number in range(3)]
    assert [next(reader) for reader in readers] == ["prj_0", "prj_1", "prj_2"]
    closed = set()

    for number, action in steps:
        reader = readers[number]
        with bill_to(AWAY):
            inside = here()
            if action == "close":
                reader.close()
                closed.add(number)
            elif number not in closed:
                assert advanced(reader, action) == f"prj_{number}"
            assert here() == inside
            assert project() == "prj_away"
    for reader in readers:
        reader.close()

    assert here() == before


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 8), st.booleans()), max_size=6),
)
def test_tasks_cancelled_at_any_point_never_see_each_other(
    plans: list[tuple[int, int, bool]],
) -> None:
    async def work(name: str, items: int) -> None:
        with bill_to(project_id=name, task_id="t"):
            async with RECORDER.run("task") as run:
                for _ in range(items):
                    assert await asyncio.to_thread(project) == name
                    assert (current_run(), project()) == (run, name)

    async def read(name: str, items: int) -> None:
        steps = reading_async(name)
        for _ in range(items):
            before = here()
            assert await anext(steps) == name
            assert (here(), project()) == (before, "prj_home")

    async def all_of_them() -> list[BaseException | None]:
        tasks = []
        for number, (items, _, reads) in enumerate(plans):
            tasks.append(asyncio.create_task((read if reads else work)(f"prj_{number}", items)))
        for task, (_, patience, _) in zip(tasks, plans, strict=True):
            for _ in range(patience):
                await asyncio.sleep(0)
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    before = here()
    results = asyncio.run(all_of_them())

    assert {type(result) for result in results} <= {type(None), asyncio.CancelledError}
    assert here() == before
    assert project() == "prj_home"


def bare() -> Generator[None, None, None]:
    with bill_to(AWAY):
        yield


def bare_run() -> Generator[None, None, None]:
    with RECORDER.run("bare"):
        yield


async def bare_async() -> AsyncGenerator[None, None]:
    with bill_to(AWAY):
        yield


@pytest.mark.parametrize("leaky", [bare, bare_run])
def test_a_block_around_a_bare_yield_warns_once_and_never_raises(
    leaky: Callable[[], Generator[None, None, None]], caplog: pytest.LogCaptureFixture
) -> None:
    def interleaved() -> None:
        for _ in range(3):
            first, second = leaky(), leaky()
            next(first)
            next(second)
            first.close()
            second.close()

    copy_context().run(interleaved)

    assert caplog.text.count("left in another context") == 1


def test_an_async_block_around_a_bare_yield_warns_once_and_never_raises(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def left_open() -> None:
        steps = [bare_async() for _ in range(3)]
        for step in steps:
            await asyncio.create_task(anext(step))
        for step in steps:
            await asyncio.create_task(step.aclose())

    asyncio.run(left_open())

    assert caplog.text.count("left in another context") == 1
    assert project() == "prj_home"
