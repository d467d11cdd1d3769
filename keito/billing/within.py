"""A transaction of the user's own, in which runs are recorded: they exist if it commits."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from . import _log
from ._guard import refused
from .outbox.line import Line

if TYPE_CHECKING:
    from .recording import Recording


class Transaction(Protocol):
    """What lines are written into."""

    @property
    def lost(self) -> bool:
        """Whether it can't commit any more."""
        ...

    def append(self, line: Line) -> None:
        """Write a line, or raise and change nothing."""
        ...


class Within:
    """A block whose runs are recorded in a transaction, by this code and what it calls.

    Args:
        recording: Whose runs.
        begin: Returns the transaction, or None if it can't be written into.
    """

    def __init__(self, recording: Recording, begin: Callable[[], Transaction | None]) -> None:
        self.recording = recording
        self._begin = begin
        self._transaction: Transaction | None = None
        self._before: tuple[Within, ...] = ()

    def __enter__(self) -> None:
        self._transaction = self._begin()
        self._before = blocks.get()
        blocks.set((*self._before, self))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A web framework may leave it in another thread than it was entered in, where there is
        # nothing to restore; and where it was entered, nothing more becomes part of it.
        self._transaction = None
        if blocks.get()[-1:] == (self,):
            blocks.set(self._before)

    def took(self, line: Line) -> bool:
        """Write a line; whether it has become part of the transaction."""
        transaction = self._transaction
        if transaction is None:
            return False
        error = refused(lambda: transaction.append(line))
        if error is None:
            return True
        if transaction.lost:
            # Written any other way it would bill for work that is undone.
            _log.warn(
                "rolled back",
                "something was recorded in a transaction that can't commit any more: it is "
                "dropped, as is what the transaction did",
            )
            return True
        _log.warn(
            "apart",
            f"the connection handed in can't be recorded through ({type(error).__name__}): "
            "what is recorded no longer depends on whether its transaction commits",
        )
        return False


blocks: ContextVar[tuple[Within, ...]] = ContextVar("keito_within", default=())


def around(recording: Recording) -> Within | None:
    """Return the innermost block this code is in."""
    for block in reversed(blocks.get()):
        # In a forked child it is another recording, and the connection is its parent's.
        if block.recording is recording:
            return block
    return None
