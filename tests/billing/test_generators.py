"""Billed generators: timed while they work, and recorded however they end."""

from __future__ import annotations

import asyncio
import gc
import inspect
import threading
from collections.abc import AsyncGenerator, Generator
from decimal import Decimal

import pytest

from keito.billing import Contract, bill_to, billed, current_run, runs_by_key
from tests.billing.conftest import AWAY, MakeRecorder, Recorded


def test_a_generator_stays_one_and_passes_everything_on(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    def talk() -> Generator[str, str, int]:
        try:
            heard = yield "first"
            yield heard.upper()
        except LookupError:
            yield "caught"
        return 5

    def whole() -> Generator[str, str, int]:
        return (yield from talk())

    steps = whole()

    assert inspect.isgeneratorfunction(talk)
    assert next(steps) == "first"
    assert steps.send("second") == "SECOND"
    assert steps.throw(LookupError()) == "caught"
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value == 5
    assert recorded.metadata()["status"] == "ok"


def test_a_generator_is_timed_while_it_works_not_while_its_consumer_does(
    recorded: Recorded,
) -> None:
    @billed(recorder=recorded.recorder)
    def numbers() -> Generator[int, None, None]:
        yield 1
        yield 2

    for _ in numbers():
        threading.Event().wait(0.05)

    metadata = recorded.metadata()
    assert metadata["seconds_raw"] >= Decimal("0.1")
    assert metadata["seconds_charged"] < Decimal("0.05")


def test_a_stream_of_very_many_tokens_is_ended_as_soon_as_a_short_one(recorded: Recorded) -> None:
    tokens = 50_000

    @billed(recorder=recorded.recorder)
    def chat() -> Generator[str, None, None]:
        yield from ("token" for _ in range(tokens))

    # Were every pause compared with every other, this would take a quarter of an hour.
    assert sum(1 for _ in chat()) == tokens
    assert recorded.metadata()["status"] == "ok"


def test_the_contract_may_count_the_consumers_time_too(make_recorder: MakeRecorder) -> None:
    recorded = make_recorder(contract=Contract(generators="open"))

    @recorded.recorder.billed()
    def numbers() -> Generator[int, None, None]:
        yield 1

    for _ in numbers():
        threading.Event().wait(0.05)

    assert recorded.metadata()["seconds_charged"] >= Decimal("0.05")


def test_a_generator_inside_a_run_does_not_take_its_consumers_time_away(
    recorded: Recorded,
) -> None:
    @billed(recorder=recorded.recorder)
    def numbers() -> Generator[int, None, None]:
        yield 1

    with recorded.recorder.run("consumer"):
        for _ in numbers():
            threading.Event().wait(0.05)

    assert recorded.metadata()["seconds_charged"] >= Decimal("0.05")


def test_a_generator_that_is_closed_or_dropped_is_recorded(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    def numbers() -> Generator[int, None, None]:
        yield 1
        yield 2

    closed, dropped = numbers(), numbers()
    next(closed)
    next(dropped)
    closed.close()
    del dropped
    gc.collect()

    entries = recorded.entries()
    assert [entry["metadata"]["status"] for entry in entries] == ["closed_early"] * 2
    assert [entry["billable"] for entry in entries] == [True, True]


def test_a_generator_that_was_never_started_is_no_run(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    def numbers() -> Generator[int, None, None]:
        yield 1

    numbers().close()

    assert recorded.entries() == []


async def test_an_async_generator_stays_one_and_passes_everything_on(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    async def talk() -> AsyncGenerator[str, str]:
        assert current_run() is not None
        try:
            heard = yield "first"
            yield heard.upper()
        except LookupError:
            yield "caught"

    steps = talk()

    assert inspect.isasyncgenfunction(talk)
    assert await steps.__anext__() == "first"
    assert current_run() is None
    assert await steps.asend("second") == "SECOND"
    assert await steps.athrow(LookupError()) == "caught"
    assert [item async for item in steps] == []
    assert recorded.metadata()["status"] == "ok"


async def test_an_async_generator_closed_early_is_recorded(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    async def numbers() -> AsyncGenerator[int, None]:
        yield 1
        yield 2

    steps = numbers()
    await steps.__anext__()
    await steps.aclose()

    assert recorded.metadata()["status"] == "closed_early"


def test_a_generator_in_a_circle_of_references_is_recorded_when_it_is_collected(
    recorded: Recorded,
) -> None:
    @billed(recorder=recorded.recorder)
    def numbers(circle: list[object]) -> Generator[int, None, None]:
        yield 1
        circle.clear()

    circle: list[object] = []
    circle.append(numbers(circle))
    steps = circle[0]
    assert inspect.isgenerator(steps)
    next(steps)
    del steps, circle
    gc.collect()

    assert recorded.metadata()["status"] == "closed_early"


async def test_an_async_generator_dropped_half_way_is_recorded(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    async def numbers() -> AsyncGenerator[int, None]:
        yield 1
        yield 2

    async for _ in numbers():
        break
    gc.collect()
    await asyncio.sleep(0.01)  # the loop closes what was dropped, in a task of its own

    assert recorded.metadata()["status"] == "closed_early"


def test_an_async_generator_left_open_is_recorded_when_its_loop_ends(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    async def numbers() -> AsyncGenerator[int, None]:
        yield 1
        yield 2

    left: list[AsyncGenerator[int, None]] = []

    async def read_one() -> None:
        left.append(numbers())
        await left[0].__anext__()

    asyncio.run(read_one())

    assert recorded.metadata()["status"] == "closed_early"


def test_an_async_generator_that_outlives_its_loop_is_recorded_when_it_is_dropped(
    recorded: Recorded,
) -> None:
    @billed(recorder=recorded.recorder)
    async def numbers() -> AsyncGenerator[int, None]:
        yield 1
        yield 2

    steps = numbers()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(steps.__anext__())
    loop.close()
    del steps
    gc.collect()

    assert recorded.metadata()["status"] == "closed_early"


async def test_a_generator_can_be_read_in_one_task_after_another(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    async def numbers() -> AsyncGenerator[str | None, None]:
        with bill_to(AWAY):
            for _ in range(3):
                run = recorded.recorder.start("inner")
                run.finish()
                yield run.target.project_id if run.target else None

    steps = numbers()
    seen = [await asyncio.create_task(anext(steps)) for _ in range(3)]
    await asyncio.create_task(steps.aclose())

    assert seen == ["prj_away"] * 3
    assert current_run() is None
    assert recorded.entries()[-1]["metadata"]["status"] == "closed_early"


async def test_a_reader_that_is_cancelled_ends_the_generator_as_cancelled(
    recorded: Recorded,
) -> None:
    @billed(recorder=recorded.recorder)
    async def numbers() -> AsyncGenerator[int, None]:
        yield 1
        await asyncio.sleep(60)

    async def read() -> None:
        async for _ in numbers():
            pass

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(read(), 0.01)

    assert recorded.metadata()["status"] == "cancelled"


async def test_the_contract_may_count_the_time_of_an_async_consumer_too(
    make_recorder: MakeRecorder,
) -> None:
    open_, working = make_recorder(contract=Contract(generators="open")), make_recorder()

    for recorded in (open_, working):

        @recorded.recorder.billed("numbers")
        async def numbers() -> AsyncGenerator[int, None]:
            yield 1

        async for _ in numbers():
            await asyncio.sleep(0.05)

    assert open_.metadata()["seconds_charged"] >= Decimal("0.05")
    assert working.metadata()["seconds_charged"] < Decimal("0.05")


def test_a_run_held_across_a_yield_stays_the_current_one_of_its_generator(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    @billed(recorder=recorded.recorder)
    def work() -> Generator[None, None, None]:
        with recorded.recorder.run("inner"):
            yield
            run = current_run()
            seen.append(run.name if run else "none")
        run = current_run()
        seen.append(run.name if run else "none")

    for _ in work():
        assert current_run() is None

    assert seen == ["inner", "work"]
    assert caplog.text == ""


def test_what_a_reader_throws_in_may_be_a_class_and_may_end_the_run(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    def work() -> Generator[int, None, None]:
        yield 1

    steps = work()
    next(steps)
    with pytest.raises(LookupError):
        steps.throw(LookupError("away"))

    assert recorded.metadata()["status"] == "error"


def test_a_function_that_returns_a_generator_is_recorded_as_one(recorded: Recorded) -> None:
    def numbers() -> Generator[int, None, str]:
        yield 1
        yield 2
        return "end"

    @billed(recorder=recorded.recorder, notes=lambda result: f"it came to an {result}")
    def work() -> Generator[int, None, str]:
        assert current_run() is not None
        return numbers()

    steps = work()
    assert current_run() is None
    threading.Event().wait(0.05)

    assert inspect.isgenerator(steps)
    assert list(steps) == [1, 2]
    entry = recorded.entry()
    assert (entry["notes"], entry["metadata"]["status"]) == ("it came to an end", "ok")
    assert entry["metadata"]["seconds_charged"] < Decimal("0.05")


async def test_a_function_that_returns_an_async_generator_is_recorded_as_one(
    recorded: Recorded,
) -> None:
    async def numbers() -> AsyncGenerator[bool, None]:
        yield current_run() is not None

    @billed(recorder=recorded.recorder)
    def work() -> AsyncGenerator[bool, None]:
        return numbers()

    assert [item async for item in work()] == [True]
    assert recorded.metadata()["status"] == "ok"


def test_a_returned_generator_that_nobody_reads_is_recorded(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    def work() -> Generator[int, None, None]:
        return (number for number in range(3))

    work()
    gc.collect()

    assert recorded.metadata()["status"] == "closed_early"


def test_a_generator_collected_in_the_middle_of_recording_holds_nobody_up(
    recorded: Recorded,
) -> None:
    @recorded.recorder.billed()
    def numbers(circle: list[object]) -> Generator[int, None, None]:
        yield 1
        circle.clear()

    def collect_inside() -> None:
        circle: list[object] = []
        steps = numbers(circle)
        circle.append(steps)
        next(steps)
        del circle, steps
        recording = recorded.recorder._recording
        with recording._open.lock, recording._outbox._lock, runs_by_key._lock:
            gc.collect()

    thread = threading.Thread(target=collect_inside, daemon=True)
    thread.start()
    thread.join(20)

    assert not thread.is_alive()
    assert recorded.metadata()["status"] == "closed_early"
