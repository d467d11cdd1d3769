"""Runs as decorated functions and as blocks: what the program sees of them is unchanged."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
from collections.abc import AsyncIterator, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from keito.billing import Contract, Run, bill_to, billed, current_run, default_recorder
from keito.billing.scope import Scope
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


@pytest.mark.parametrize("price", [lambda _: 1 / 0, lambda _: 0.99])
def test_an_outcome_whose_price_can_not_be_found_out_is_recorded_without_one(
    make_recorder: MakeRecorder, price: Any
) -> None:
    listed = make_recorder(contract=Contract(prices={"ticket_resolved": "0.99"}))

    @listed.recorder.billed(outcome="ticket_resolved", unit_price=price)
    def work() -> str:
        return "result"

    assert work() == "result"
    outcome = next(e for e in listed.entries() if "outcome_type" in e["metadata"])
    assert outcome["metadata"]["outcome_success"] is True
    assert "outcome_unit_price" not in outcome["metadata"]


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


async def test_a_function_that_returns_a_coroutine_is_a_run_until_it_is_awaited(
    recorded: Recorded,
) -> None:
    async def later() -> str:
        await asyncio.sleep(0.02)
        assert current_run() is not None
        return "yes"

    @billed(recorder=recorded.recorder, notes=lambda answer: f"said {answer}")
    def work() -> Coroutine[object, object, str]:
        return later()

    made = work()

    assert inspect.iscoroutine(made)
    assert current_run() is None
    assert await made == "yes"
    entry = recorded.entry()
    assert (entry["notes"], entry["metadata"]["status"]) == ("said yes", "ok")
    assert entry["metadata"]["seconds_raw"] > Decimal("0.015")


async def test_a_returned_coroutine_that_fails_is_recorded_as_failed(recorded: Recorded) -> None:
    async def later() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await billed("work", recorder=recorded.recorder)(lambda: later())()

    assert recorded.metadata()["status"] == "error"


def test_a_returned_coroutine_that_nobody_awaits_is_recorded_as_cancelled(
    recorded: Recorded,
) -> None:
    async def later() -> None: ...

    @billed(recorder=recorded.recorder)
    def work() -> Coroutine[object, object, None]:
        return later()

    def call_and_forget() -> None:
        made = work()
        del made
        gc.collect()

    with pytest.warns(RuntimeWarning, match="was never awaited") as warned:
        call_and_forget()

    assert len(warned) == 1
    assert recorded.metadata()["status"] == "cancelled"


class Forever:
    """Nobody ends the wait for it."""

    def __await__(self) -> Generator[None, None, None]:
        yield


def test_a_coroutine_that_is_given_up_half_way_is_not_charged(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    async def wait() -> None:
        await Forever()

    waiting = wait()
    waiting.send(None)
    waiting.close()

    entry = recorded.entry()
    assert (entry["metadata"]["status"], entry["billable"]) == ("cancelled", False)


async def test_a_partial_of_any_kind_of_function_is_billed_as_that_kind(
    recorded: Recorded,
) -> None:
    def plain(number: int) -> int:
        return number

    async def later(number: int) -> int:
        return number

    def steps(number: int) -> Iterator[int]:
        yield number

    async def async_steps(number: int) -> AsyncIterator[int]:
        yield number

    bill = billed(recorder=recorded.recorder)
    one, two = bill(functools.partial(plain, 1)), bill(functools.partial(later, 2))
    three, four = bill(functools.partial(steps, 3)), bill(functools.partial(async_steps, 4))

    assert inspect.iscoroutinefunction(two)
    assert inspect.isgeneratorfunction(three)
    assert inspect.isasyncgenfunction(four)
    assert (one(), await two()) == (1, 2)
    assert (list(three()), [item async for item in four()]) == ([3], [4])
    names = [entry["notes"].split(":")[0] for entry in recorded.entries()]
    assert names == ["plain", "later", "steps", "async_steps"]


async def test_objects_with_an_async_call_and_bound_methods_can_be_billed(
    recorded: Recorded,
) -> None:
    class Agent:
        async def __call__(self, question: str) -> str:
            assert current_run() is not None
            return question

        def answer(self, question: str) -> str:
            return question

    agent = Agent()
    called = billed(recorder=recorded.recorder)(agent)
    answer = billed(recorder=recorded.recorder)(agent.answer)

    assert inspect.iscoroutinefunction(called)
    assert await called("a") == answer("a") == "a"
    assert list(inspect.signature(called).parameters) == ["question"]
    assert list(inspect.signature(answer).parameters) == ["question"]
    names = [entry["notes"].split(":")[0] for entry in recorded.entries()]
    assert names == ["Agent", "answer"]


def test_methods_are_billed_on_either_side_of_classmethod_and_staticmethod(
    recorded: Recorded,
) -> None:
    class Agent:
        @classmethod
        @billed(recorder=recorded.recorder)
        def of_class(cls) -> type[Agent]:
            return cls

        @staticmethod
        @billed(recorder=recorded.recorder)
        def static() -> int:
            return 1

        @property
        @billed(recorder=recorded.recorder)
        def mood(self) -> str:
            return "good"

    assert (Agent.of_class(), Agent().of_class()) == (Agent, Agent)
    assert (Agent.static(), Agent().mood) == (1, "good")
    assert len(recorded.entries()) == 4


def test_notes_that_need_no_result_are_there_when_the_function_fails(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder, notes="Answered a ticket")
    def work() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        work()

    assert recorded.entry()["notes"] == "Answered a ticket"


def test_a_function_that_calls_itself_has_its_notes_once(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder, notes="Counted")
    def countdown(number: int) -> None:
        if number:
            countdown(number - 1)

    countdown(3)

    assert recorded.entry()["notes"] == "Counted"


def test_notes_that_can_not_be_told_lose_no_outcome(paid_outcomes: Recorded) -> None:
    def broken(result: str) -> str:
        raise RuntimeError

    @paid_outcomes.recorder.billed(outcome="ticket_resolved", notes=broken)
    def work() -> str:
        return "result"

    work()

    outcome, _ = paid_outcomes.entries()
    assert outcome["metadata"]["outcome_type"] == "ticket_resolved"


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"outcome": 7}, TypeError),
        ({"notes": 7}, TypeError),
        ({"unit_price": 0.99}, TypeError),
        ({"unit_price": -1}, ValueError),
        ({"target": 7}, TypeError),
        ({"name": ""}, TypeError),
        ({"name": 7}, TypeError),
    ],
)
def test_a_wrong_argument_fails_where_the_function_is_decorated(
    recorded: Recorded, settings: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        billed(recorder=recorded.recorder, **settings)
    with pytest.raises(error):
        recorded.recorder.billed(**settings)


def test_a_class_is_not_a_function(recorded: Recorded) -> None:
    class Agent: ...

    with pytest.raises(TypeError, match="decorates a function"):
        billed(recorder=recorded.recorder)(Agent)


def test_a_block_tells_its_notes_and_outcome_when_it_ends_well(paid_outcomes: Recorded) -> None:
    def block() -> Scope:
        return billed(
            "agent",
            recorder=paid_outcomes.recorder,
            outcome="ticket_resolved",
            unit_price=1,
            notes="Answered",
        )

    with block():
        pass
    with pytest.raises(LookupError), block():
        raise LookupError

    outcome, good, bad = paid_outcomes.entries()
    assert outcome["metadata"]["outcome_type"] == "ticket_resolved"
    assert (good["notes"], bad["notes"]) == ("Answered", "Answered")


def test_a_block_has_no_result_to_ask_a_function_about(recorded: Recorded) -> None:
    with (
        pytest.raises(TypeError, match="no result"),
        billed("agent", recorder=recorded.recorder, notes=str),
    ):
        pass

    assert recorded.entries() == []


async def test_tasks_may_share_one_block_object(recorded: Recorded) -> None:
    block = recorded.recorder.run("agent")

    async def work(name: str, seconds: float) -> None:
        async with block as run:
            await asyncio.sleep(seconds)
            assert current_run() is run
            run.metadata(name=name)
        assert run.finished

    await asyncio.gather(work("first", 0.01), work("second", 0.03), work("third", 0.02))

    names = {entry["metadata"]["name"] for entry in recorded.entries()}
    assert names == {"first", "second", "third"}


def test_any_number_of_threads_record_with_one_decorated_function(recorded: Recorded) -> None:
    @billed(recorder=recorded.recorder)
    def work(name: str) -> str:
        run = current_run()
        assert run is not None
        run.metadata(name=name)
        return name

    names = [str(n) for n in range(50)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, names)) == names

    assert {entry["metadata"]["name"] for entry in recorded.entries()} == set(names)


def test_a_run_may_end_in_another_task_and_thread_than_it_began(recorded: Recorded) -> None:
    async def begin() -> Run:
        return recorded.recorder.start("agent")

    async def end(run: Run) -> None:
        run.finish()

    run = asyncio.run(begin())
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, end(run)).result()

    assert recorded.metadata()["status"] == "ok"
