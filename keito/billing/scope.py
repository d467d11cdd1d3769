"""A run as a block or as a decorated function: one object for both."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from .current import _current, leave
from .decorated import decorated, name_of
from .endings import status_of
from .run import Run
from .target import Choice, checked_choice
from .telling import Telling, Told

if TYPE_CHECKING:
    from .recorder import Recorder

F = TypeVar("F", bound=Callable[..., Any])

_Entered: TypeAlias = tuple[Run, "Run | None"]


class Scope:
    """What `recorder.run(...)` and `billed(...)` return.

    As a block it may be entered again after it was left; as a decorator it makes every call a run
    of its own.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The price is negative.
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
        if name is not None and not (isinstance(name, str) and name):
            raise TypeError("a run's name is text that is not empty")
        self._recorder = recorder
        self._name = name
        self._target = checked_choice(target)
        self._framework = framework
        self._metadata = metadata
        self._telling = Telling(outcome=outcome, unit_price=unit_price, notes=notes)
        self._entered: list[_Entered] = []

    def __enter__(self) -> Run:
        if self._telling.needs_result:
            raise TypeError("a block has no result that a function could tell anything of")
        before = _current.get()
        run = self._start(self._name or "run")
        entered = run, before
        try:
            self._entered.append(entered)
            _current.set(run)
        except BaseException as error:
            self._give_up(entered, error)
            raise
        return run

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        left: _Entered | None = None
        try:
            left = run, before = self._innermost()
            leave(run, before)
            self._entered.remove(left)
            if error is None:
                self._telling.end(run, None)
        except BaseException as interrupt:
            self._give_up(left or self._innermost(), interrupt)
            raise
        run.finish("ok" if error is None else status_of(error), error=error)

    def _innermost(self) -> _Entered:
        # Tasks that share the object leave it in any order: each has the run of its own.
        run = _current.get()
        mine = [entered for entered in self._entered if entered[0] is run] or self._entered
        return mine[-1]

    def _give_up(self, entered: _Entered, error: BaseException) -> None:
        """Leave a block that the handler of a signal has interrupted while it began or ended.

        Were its run still the current one, all later runs of this thread would be part of it.
        """
        run, before = entered
        if _current.get() is run:
            _current.set(before)
        if entered in self._entered:
            self._entered.remove(entered)
        run.finish(status_of(error), error=error)

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
        if inspect.isclass(function) or not callable(function):
            raise TypeError("billed() decorates a function")
        start = functools.partial(self._start, self._name or name_of(function))
        return cast("F", decorated(function, start, self._telling))

    def _start(self, name: str) -> Run:
        run = self._recorder().start(
            name, target=self._target, framework=self._framework, metadata=self._metadata
        )
        self._telling.begin(run)
        return run
