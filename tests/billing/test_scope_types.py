"""What type checkers think of decorated functions: `make check` reads it, and it runs, too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any

from typing_extensions import assert_type

from keito.billing import billed, current_run
from tests.billing.conftest import Recorded


async def test_every_kind_of_function_keeps_its_type(recorded: Recorded) -> None:
    bill = recorded.recorder.billed()

    @bill
    def plain(text: str, *, times: int = 1) -> list[str]:
        return [text] * times

    @bill
    async def later(text: str) -> str:
        return text

    @bill
    def steps(last: int) -> Iterator[int]:
        yield from range(last)

    @bill
    async def async_steps(last: int) -> AsyncIterator[int]:
        for number in range(last):
            yield number

    def wrong() -> list[str]:
        return plain(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    assert_type(plain("a", times=2), list[str])
    assert_type(await later("a"), str)
    assert_type(next(steps(1)), int)
    async for number in async_steps(1):
        assert_type(number, int)
    takes_a_coroutine_function(later)
    assert len(wrong()) == 1


async def test_methods_keep_their_types(recorded: Recorded) -> None:
    class Agent:
        @recorded.recorder.billed()
        def plain(self) -> Agent:
            return self

        @recorded.recorder.billed("agent")
        async def later(self, text: str) -> str:
            return text

        @classmethod
        @recorded.recorder.billed()
        def of_class(cls) -> type[Agent]:
            return cls

        @staticmethod
        @recorded.recorder.billed()
        def static() -> int:
            return 1

    assert_type(Agent().plain(), Agent)
    assert_type(await Agent().later("a"), str)
    assert_type(Agent.of_class(), type[Agent])
    assert_type(Agent.static(), int)


def test_without_brackets_it_keeps_the_type_too() -> None:
    @billed
    def never_called(text: str) -> str:
        return text

    typed: Callable[[str], str] = never_called

    assert typed is never_called


def test_a_block_gives_the_run(recorded: Recorded) -> None:
    with billed("agent", recorder=recorded.recorder) as run:
        assert run is current_run()
        assert_type(run.id, str)


def takes_a_coroutine_function(function: Callable[[str], Coroutine[Any, Any, str]]) -> None:
    waits: Callable[[str], Awaitable[str]] = function
    assert waits is function
