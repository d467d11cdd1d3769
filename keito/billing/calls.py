"""Model and tool calls under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._guard import kept
from .arguments import text
from .endings import may_have_cost
from .ledger import Call, Ledger, now
from .usage import Usage

if TYPE_CHECKING:
    from .recording import Recording


class ModelCall:
    """A model call under way."""

    __slots__ = ("_call", "_recording")

    def __init__(self, recording: Recording, call: Call) -> None:
        self._recording = recording
        self._call = call

    def end(self, usage: Usage | None = None, *, key: str | None = None) -> None:
        """Note its end and what it consumed; None when nobody said.

        Args:
            usage: What it consumed.
            key: The provider's response id, where only the answer has told it: what others report
                under that key is this call.
        """
        if key is not None:
            self._call = self._call.ledger.known_as(text("key", key), self._call)
        self.end_at(now(), usage)

    def end_at(self, moment: int, usage: Usage | None, *, failed: bool = False) -> None:
        """Note its end at a moment, in microseconds on the clock of the ledger."""
        recording, call = self._recording, self._call
        kept(
            "recording a model call",
            lambda: recording.call_ended(call, usage, at=moment, failed=failed),
            None,
        )

    def fail(self, error: BaseException | None = None) -> None:
        """Note that it failed. Where the provider may still charge, its usage is unknown."""
        self.end_at(now(), None, failed=not (error is None or may_have_cost(error)))

    def withdraw(self) -> None:
        """Take it back, as if it had never begun: it belongs to the record of another run."""
        ledger = self._call.ledger
        with ledger.tree.lock:
            ledger.drop(self._call)


class ToolCall:
    """A tool at work."""

    __slots__ = ("_key", "_ledger")

    def __init__(self, ledger: Ledger, key: str) -> None:
        self._ledger = ledger
        self._key = key

    def end(self) -> None:
        """Note that it is done."""
        with self._ledger.tree.lock:
            begun = self._ledger.tools.get(self._key)
            if isinstance(begun, int):
                self._ledger.tools[self._key] = (begun, now())

    def fail(self, error: BaseException | None = None) -> None:
        """Note that it failed; it worked until then all the same."""
        self.end()
