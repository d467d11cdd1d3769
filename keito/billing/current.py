"""The run that this code works for."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

from . import _log
from .target import _bill_to

if TYPE_CHECKING:
    from .run import Run

_current: ContextVar[Run | None] = ContextVar("keito_run", default=None)

# How adapters find the run that surrounds this code, where a framework keeps what surrounds it.
_finders: list[Callable[[], Run | None]] = []


def current_run() -> Run | None:
    """Return the run this code works for, if it has one that is not finished."""
    run = _current.get()
    if run is not None and run.finished:
        run = _unfinished(run)
    for find in _finders:
        found = _unfinished(find())
        if found is not None and not (run is not None and run.is_below(found)):
            run = found
    return run


class Active:
    """A block in which a run is the current one.

    Args:
        run: The run that the code in the block works for.
    """

    __slots__ = ("_before", "_run")

    def __init__(self, run: Run) -> None:
        self._run = run

    def __enter__(self) -> Run:
        self._before = _current.get()
        _current.set(self._run)
        return self._run

    def __exit__(self, *raised: object) -> None:
        leave(self._run, self._before)


def leave(run: Run, before: Run | None) -> None:
    """End a block that made a run the current one: this code works for the one before again."""
    if _current.get() is run:
        _current.set(before)
    else:
        _log.warn("left", "a run's block was left in another context than it was entered in")


def found_by(find: Callable[[], Run | None]) -> None:
    """Have `current_run` ask an adapter, too, for the run that its framework has around this code.

    Args:
        find: Returns it, or None. It is asked often, and must not raise.
    """
    _finders.append(find)


def surroundings() -> tuple[object, object]:
    """Return what the blocks around this code say of its work; equal while they are the same."""
    return _bill_to.get(), _current.get()


def _unfinished(run: Run | None) -> Run | None:
    while run is not None and run.finished:
        run = run.parent
    return run
