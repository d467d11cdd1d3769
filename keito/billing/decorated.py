"""Functions of every kind, each call of which is a run."""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast

from .contract import Status
from .current import _current
from .endings import status_of
from .run import Run
from .steps import Stepped, Steps
from .telling import Telling

P = ParamSpec("P")
T = TypeVar("T")
Y = TypeVar("Y")
S = TypeVar("S")


def decorated(
    function: Callable[..., Any], start: Callable[[], Run], telling: Telling
) -> Callable[..., Any]:
    """Return a function of the same kind that makes each call of it a run.

    Args:
        function: Anything that can be called.
        start: Starts a run.
        telling: What is told of each.
    """
    kind = _code_of(function)
    if inspect.isasyncgenfunction(kind):
        return _async_generator(function, lambda: Steps(start()), telling)
    if inspect.isgeneratorfunction(kind):
        return _generator(function, lambda: Steps(start()), telling)
    if inspect.iscoroutinefunction(kind):
        return _coroutine(function, start, telling)
    return _function(function, start, telling)


def name_of(function: Callable[..., Any]) -> str:
    """Return what to call a run of this function."""
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__name__", None) or type(function).__name__


def _code_of(function: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(function, functools.partial):
        function = function.func
    return function if inspect.isroutine(function) else type(function).__call__


def _function(
    function: Callable[P, T], start: Callable[[], Run], telling: Telling
) -> Callable[P, T]:
    @functools.wraps(function)
    def billed(*args: P.args, **kwargs: P.kwargs) -> T:
        run = start()
        with _ending_if_it_fails(run), _current_inside(run):
            result = function(*args, **kwargs)
            rest = _rest(run, result, telling)
            if rest is None:
                telling.end(run, result)
        if rest is not None:
            return cast("T", rest)
        run.finish()
        return result

    return billed


def _coroutine(
    function: Callable[P, Coroutine[Any, Any, T]], start: Callable[[], Run], telling: Telling
) -> Callable[P, Coroutine[Any, Any, T]]:
    @functools.wraps(function)
    async def billed(*args: P.args, **kwargs: P.kwargs) -> T:
        run = start()
        # Nobody reads a coroutine half-way: one that is closed was given up.
        with _ending_if_it_fails(run, closed="cancelled"), _current_inside(run):
            result = await function(*args, **kwargs)
            telling.end(run, result)
        run.finish()
        return result

    return billed


def _generator(
    function: Callable[P, Generator[Y, S, T]], start: Callable[[], Steps], telling: Telling
) -> Callable[P, Generator[Y, S, T]]:
    @functools.wraps(function)
    def billed(*args: P.args, **kwargs: P.kwargs) -> Generator[Y, S, T]:
        steps = start()
        with _ending_if_it_fails(steps.run):
            result = yield from Stepped(function(*args, **kwargs), steps)
            telling.end(steps.run, result)
        steps.run.finish()
        return result

    return billed


def _async_generator(
    function: Callable[P, AsyncGenerator[Y, S]], start: Callable[[], Steps], telling: Telling
) -> Callable[P, AsyncGenerator[Y, S]]:
    @functools.wraps(function)
    async def billed(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[Y, S]:
        steps = start()
        with _ending_if_it_fails(steps.run):
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
            telling.end(steps.run, None)
        steps.run.finish()

    return billed


def _rest(run: Run, result: object, telling: Telling) -> object | None:
    """Return what goes on with the run, if a function returned work that is yet to be done."""
    if inspect.iscoroutine(result):
        rest: object = _coroutine(lambda: result, lambda: run, telling)()
        weakref.finalize(rest, _give_up, result, run).atexit = False
        return rest
    if not inspect.isgenerator(result) and not inspect.isasyncgen(result):
        return None
    steps = Steps(run)
    steps.wait()
    if inspect.isgenerator(result):
        rest = _generator(lambda: result, lambda: steps, telling)()
    else:
        rest = _async_generator(lambda: result, lambda: steps, telling)()
    # A generator that is dropped before its first step runs none of its code.
    weakref.finalize(rest, run.finish, "closed_early").atexit = False
    return rest


def _give_up(work: Coroutine[Any, Any, object], run: Run) -> None:
    # Python says of our coroutine that nobody awaited it; of the one inside, once is enough.
    work.close()
    run.finish("cancelled")


@contextmanager
def _current_inside(run: Run) -> Iterator[None]:
    before = _current.get()
    try:
        _current.set(run)
        yield
    finally:
        # A coroutine that is dropped ends in another context, where nothing is to be restored.
        if _current.get() is run:
            _current.set(before)


@contextmanager
def _ending_if_it_fails(run: Run, *, closed: Status = "closed_early") -> Iterator[None]:
    try:
        yield
    except GeneratorExit as error:
        run.finish(closed, error=error)
        raise
    except BaseException as error:
        run.finish(status_of(error), error=error)
        raise
