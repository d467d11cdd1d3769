"""The recorder made from the environment, and `billed` on it."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING, overload

from .recorder import Recorder

if TYPE_CHECKING:
    from .scope import F, Scope, Told
    from .target import Choice

_lock = threading.Lock()
_default: Recorder | None = None


def default_recorder() -> Recorder:
    """Return this process's recorder, made from the environment when it is first asked for."""
    global _default
    if _default is not None and not _default.closed:
        return _default
    with _lock:
        if _default is None or _default.closed:
            _default = Recorder()
        return _default


@overload
def billed(name: F) -> F: ...


@overload
def billed(
    name: str | None = None,
    *,
    recorder: Recorder | None = None,
    target: Choice | None = None,
    outcome: Told[str] = None,
    unit_price: Told[Decimal | int | str] = None,
    notes: Told[str] = None,
) -> Scope: ...


def billed(
    name: F | str | None = None,
    *,
    recorder: Recorder | None = None,
    target: Choice | None = None,
    outcome: Told[str] = None,
    unit_price: Told[Decimal | int | str] = None,
    notes: Told[str] = None,
) -> F | Scope:
    """Make each call of a function a run; also usable as a `with` block.

    Functions, coroutine functions, generators, async generators and methods keep their signature,
    their result and their exceptions. A generator is timed while it works.

    Args:
        name: What the client may read; default: the function's name.
        recorder: Default: `default_recorder()`.
        target: Whose work it is.
        outcome: The outcome type to record when the function returns, or a function that tells it
            from the result; None records none.
        unit_price: Its price, or a function that tells it from the result.
        notes: What the client reads, or a function that tells it from the result.

    Example:
        @billed(outcome=lambda reply: "ticket_resolved" if reply.solved else None)
        def answer(ticket): ...
    """
    # Recording from an adapter does without decorators, so they are loaded when one is used.
    from .scope import Scope

    def chosen() -> Recorder:
        return recorder or default_recorder()

    if name is not None and not isinstance(name, str):
        return Scope(chosen, None)(name)
    return Scope(chosen, name, target=target, outcome=outcome, unit_price=unit_price, notes=notes)
