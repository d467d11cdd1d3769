"""A run as a block or as a decorated function: one object for both."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar, cast

from . import _log
from ._guard import kept
from .endings import status_of
from .run import Run, _current
from .steps import Stepped, Steps
from .target import Choice

if TYPE_CHECKING:
    from .recorder import Recorder

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
T = TypeVar("T")
Y = TypeVar("Y")
S = TypeVar("S")
V = TypeVar("V")

Told: TypeAlias = V | Callable[[Any], V | None] | None
"""A value, or a function that tells it from what the billed function returned."""


class Scope:
    """What `recorder.run(...)` and `billed(...)` return.

    As a block it may be entered again after it was left; as a decorator it makes every call a run
    of its own.
    """

    def __init__(
        self,
        recorder: Callable[[], Recorder],
        name: str | None,
        *,
        target: Choice | None = None,
        framework: str = "python",
        metadata: Mapping[str, object] | None = None,
        outcome: Told[str] = None,
        unit_price: Told[Decimal | int | str] = None,
        notes: Told[str] = None,
    ) -> None:
        self._recorder = recorder
        self._name = name
        self._target = target
        self._framework = framework
        self._metadata = metadata
        self._outcome = outcome
        self._unit_price = unit_price
        self._notes = notes
        self._entered: list[tuple[Run, Run | None]] = []

    def __enter__(self) -> Run:
        run = self._start(self._name or "run")
        self._entered.append((run, _current.get()))
        _current.set(run)
        return run

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        run, before = self._entered.pop()
        if _current.get() is run:
            _current.set(before)
        else:
            _log.warn("scope", "a run's block was left in another context than it was entered in")
        run.finish("ok" if error is None else status_of(error), error=error)

    async def __aenter__(self) -> Run:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: F) -> F:
        """Make each call of the function a run; what it takes, returns and raises is unchanged."""
        if isinstance(function, (classmethod, staticmethod)):
            return cast("F", type(function)(self(function.__func__)))
        if not callable(function):
            raise TypeError("billed() decorates a function")
        return cast("F", self._wrapped(function))

    def _wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        kind = function if inspect.isroutine(function) else type(function).__call__
        if inspect.isasyncgenfunction(kind):
            return self._around_async_generator(function)
        if inspect.isgeneratorfunction(kind):
            return self._around_generator(function)
        if inspect.iscoroutinefunction(kind):
            return self._around_coroutine(function)
        return self._around_function(function)

    def _around_function(self, function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def billed(*args: P.args, **kwargs: P.kwargs) -> T:
            with self._called(function) as run:
                result = function(*args, **kwargs)
                self._tell(run, result)
                return result

        return billed

    def _around_coroutine(
        self, function: Callable[P, Coroutine[Any, Any, T]]
    ) -> Callable[P, Coroutine[Any, Any, T]]:
        @functools.wraps(function)
        async def billed(*args: P.args, **kwargs: P.kwargs) -> T:
            with self._called(function) as run:
                result = await function(*args, **kwargs)
                self._tell(run, result)
                return result

        return billed

    def _around_generator(
        self, function: Callable[P, Generator[Y, S, T]]
    ) -> Callable[P, Generator[Y, S, T]]:
        @functools.wraps(function)
        def billed(*args: P.args, **kwargs: P.kwargs) -> Generator[Y, S, T]:
            steps = Steps(self._start(self._name_for(function)))
            with steps.run_ends():
                result = yield from Stepped(function(*args, **kwargs), steps)
                self._tell(steps.run, result)
                return result

        return billed

    def _around_async_generator(
        self, function: Callable[P, AsyncGenerator[Y, S]]
    ) -> Callable[P, AsyncGenerator[Y, S]]:
        @functools.wraps(function)
        async def billed(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[Y, S]:
            steps = Steps(self._start(self._name_for(function)))
            with steps.run_ends():
                source = function(*args, **kwargs)
                advance = functools.partial(source.__anext__)
                while True:
                    try:
                        with steps.step():
                            item = await advance()
                    except StopAsyncIteration:
                        break
                    try:
                        given = yield item
                        advance = functools.partial(source.asend, given)
                    except GeneratorExit:
                        with steps.step():
                            await source.aclose()
                        raise
                    # Whatever the consumer throws in belongs to the billed generator.
                    except BaseException as thrown:  # noqa: BLE001
                        advance = functools.partial(source.athrow, thrown)
                self._tell(steps.run, None)

        return billed

    def _called(self, function: Callable[..., Any]) -> Scope:
        return Scope(
            self._recorder,
            self._name_for(function),
            target=self._target,
            framework=self._framework,
            metadata=self._metadata,
        )

    def _name_for(self, function: Callable[..., Any]) -> str:
        return self._name or getattr(function, "__name__", None) or type(function).__name__

    def _start(self, name: str) -> Run:
        return self._recorder().start(
            name, target=self._target, framework=self._framework, metadata=self._metadata
        )

    def _tell(self, run: Run, result: object) -> None:
        kept("asking for the outcome", lambda: self._tell_now(run, result), None)

    def _tell_now(self, run: Run, result: object) -> None:
        notes = self._notes(result) if callable(self._notes) else self._notes
        if notes:
            run.note(notes)
        outcome_type = self._outcome(result) if callable(self._outcome) else self._outcome
        if outcome_type:
            price = self._unit_price
            run.outcome(outcome_type, unit_price=price(result) if callable(price) else price)
