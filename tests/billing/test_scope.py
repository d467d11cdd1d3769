from __future__ import annotations

import asyncio
import gc
import inspect
import threading
from collections.abc import AsyncGenerator, Generator
from decimal import Decimal

import pytest

from keito.billing import Contract, bill_to, billed, current_run, default_recorder
from tests.billing.conftest import AWAY, MakeRecorder, Recorded


def test_a_function_keeps_its_signature_result_and_name(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    def double(number: int, *, times: int = 2) -> int:
        """Multiply."""
        return number * times

    assert double(4, times=3) == 12
    assert str(inspect.signature(double)).startswith("(number: 'int', *, times: 'int' = 2)")
    assert (double.__name__, double.__doc__) == ("double", "Multiply.")


def test_a_function_keeps_its_exception(recorded: Recorded) -> None:
    error = ValueError("mine")

    @billed(recorder=recorded.recorder)
    def fail() -> None:
        raise error

    with pytest.raises(ValueError, match="mine") as raised:
        fail()

    assert raised.value is error
    assert recorded.metadata()["status"] == "error"


def test_each_call_is_a_run_of_its_own(recorded: Recorded) -> None:
    @billed("worker", recorder=recorded.recorder)
    def work() -> None: ...

    work()
    work()

    assert [entry["notes"][:6] for entry in recorded.entries()] == ["worker", "worker"]


def test_a_recursive_function_makes_one_record(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    def countdown(number: int) -> None:
        if number:
            countdown(number - 1)

    countdown(3)

    assert len(recorded.entries()) == 1


async def test_a_coroutine_function_stays_one(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    async def answer() -> str:
        await asyncio.sleep(0)
        assert current_run() is not None
        return "yes"

    assert inspect.iscoroutinefunction(answer)
    assert await answer() == "yes"
    assert current_run() is None
    assert recorded.metadata()["status"] == "ok"


async def test_a_cancelled_coroutine_is_recorded_as_cancelled(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    async def wait() -> None:
        await asyncio.sleep(60)

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(wait(), 0.01)

    entry = recorded.entry()
    assert (entry["metadata"]["status"], entry["billable"]) == ("cancelled", False)


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


def test_methods_of_every_kind_can_be_billed(recorded: Recorded) -> None:
    class Agent:
        @billed(recorder=recorded.recorder)
        def plain(self) -> Agent:
            return self

        @billed(recorder=recorded.recorder)
        @classmethod
        def of_class(cls) -> type[Agent]:
            return cls

        @billed(recorder=recorded.recorder)
        @staticmethod
        def static() -> int:
            return 1

        def __call__(self) -> int:
            return 2

    agent = Agent()
    called = billed("called", recorder=recorded.recorder)(agent)

    assert agent.plain() is agent
    assert agent.of_class() is Agent
    assert agent.static() == 1
    assert called() == 2
    assert len(recorded.entries()) == 4


def test_outcome_price_and_notes_may_be_told_by_the_result(paid_outcomes: Recorded) -> None:
    @paid_outcomes.recorder.billed(
        outcome=lambda tickets: "ticket_resolved" if tickets else None,
        unit_price=lambda tickets: len(tickets),
        notes=lambda tickets: f"{len(tickets)} tickets",
    )
    def work(tickets: list[str]) -> list[str]:
        return tickets

    work(["a", "b"])
    work([])

    outcome, first, second = paid_outcomes.entries()
    assert outcome["metadata"]["outcome_unit_price"] == 2
    assert (first["notes"], second["notes"]) == ("2 tickets", "0 tickets")


def test_an_outcome_function_that_fails_does_not_harm_the_call(
    paid_outcomes: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(result: str) -> str:
        raise RuntimeError(f"secret {result}")

    @paid_outcomes.recorder.billed(outcome=broken)
    def work() -> str:
        return "result"

    assert work() == "result"
    assert len(paid_outcomes.entries()) == 1
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


async def test_a_block_works_with_and_async_with(recorded: Recorded) -> None:
    with recorded.recorder.run("one") as run:
        assert current_run() is run
    async with recorded.recorder.run("two") as run:
        assert current_run() is run

    assert current_run() is None
    assert len(recorded.entries()) == 2


async def test_concurrent_runs_in_one_loop_are_kept_apart(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    async def work(name: str) -> None:
        with bill_to(session_id=name):
            await asyncio.sleep(0)
            run = current_run()
            assert run is not None
            run.metadata(name=name)
            await asyncio.sleep(0)

    await asyncio.gather(*(work(str(n)) for n in range(30)))

    names = {entry["metadata"]["name"] for entry in recorded.entries()}
    assert names == {str(n) for n in range(30)}


def test_billed_uses_the_recorder_of_the_environment(tmp_path: object) -> None:
    @billed
    def work() -> str:
        run = current_run()
        assert run is not None
        return run.name

    try:
        with bill_to(AWAY):
            assert work() == "work"
        assert default_recorder().status().open_runs == 0
    finally:
        default_recorder().close(0)
