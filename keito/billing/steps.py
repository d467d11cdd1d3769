"""Billing a generator: it sees its run and target while it works, and nobody else sees them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar

from .current import _current
from .run import Run
from .target import Block, _bill_to

Y = TypeVar("Y")
S = TypeVar("S")
R = TypeVar("R")


class Steps:
    """The run of one generator, and the context that its steps share.

    The time between steps is its consumer's, so it is not counted, unless the contract says so or
    the run is folded into one whose time it is.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._counted = run.contract.generators == "open" or run.folded
        self._inside: tuple[Run | None, tuple[Block, ...]] = (run, _bill_to.get())
        self._stop_pause: Callable[[], None] | None = None

    @contextmanager
    def step(self) -> Generator[None, None, None]:
        """Work inside the block; afterwards the consumer's own context is back."""
        outside = (_current.get(), _bill_to.get())
        try:
            _current.set(self._inside[0])
            _bill_to.set(self._inside[1])
            self._resume()
            yield
        finally:
            self._inside = (_current.get(), _bill_to.get())
            _current.set(outside[0])
            _bill_to.set(outside[1])
            self.wait()

    def wait(self) -> None:
        """Leave the time to the consumer, until the next step."""
        if not self._counted:
            self._stop_pause = self.run.pause()

    def _resume(self) -> None:
        if self._stop_pause is not None:
            self._stop_pause()
            self._stop_pause = None


class Stepped(Generator[Y, S, R]):
    """A generator each of whose steps is taken inside `Steps.step`; for `yield from`."""

    def __init__(self, source: Generator[Y, S, R], steps: Steps) -> None:
        self._source = source
        self._steps = steps

    def __next__(self) -> Y:
        with self._steps.step():
            return next(self._source)

    def send(self, value: S, /) -> Y:
        """Pass on what the consumer sends."""
        with self._steps.step():
            return self._source.send(value)

    def throw(
        self,
        kind: type[BaseException] | BaseException,
        value: BaseException | object = None,
        trace: TracebackType | None = None,
        /,
    ) -> Y:
        """Pass on what the consumer throws."""
        error = kind if isinstance(kind, BaseException) else value
        with self._steps.step():
            if isinstance(error, BaseException):
                return self._source.throw(error)
            return self._source.throw(kind() if isinstance(kind, type) else kind)

    def close(self) -> None:
        """Close the source, inside a step of its own."""
        with self._steps.step():
            self._source.close()
