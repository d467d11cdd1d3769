"""The recorder made from the environment, and `billed` on it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, overload

from .._errors import KeitoConfigError
from . import _forks, _log
from .mode import mode_of_environment
from .recorder import Recorder

if TYPE_CHECKING:
    from .scope import F, Scope
    from .target import Choice
    from .telling import Told

_lock = _forks.lock()
_default: Recorder | None = None


def default_recorder() -> Recorder:
    """Return this process's recorder, made from the environment when it is first asked for."""
    global _default
    if _default is not None and not _default.closed:
        return _default
    with _lock:
        if _default is None or _default.closed:
            made = _from_environment()
            # What that says in the log may be read by a handler that is billed itself.
            if _default is None or _default.closed:
                _default = made
        return _default


def close_default_recorder() -> None:
    """Close it, if there is one: the next use reads the environment anew."""
    recorder = _default
    if recorder is not None:
        recorder.close()


def _from_environment() -> Recorder:
    try:
        return Recorder()
    except KeitoConfigError as error:
        # It is first asked for by an agent at work, where an error would end the agent.
        _log.warn("environment", f"{error}. Until then runs are recorded, and kept unsent")
        off = mode_of_environment() == "off"
        return Recorder(api_key="", mode="off" if off else "record")


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
    their result and their exceptions. A generator is timed while it works, and a function that
    returns a coroutine or a generator has done its work when that has.

    Args:
        name: What the client may read; default: the function's name.
        recorder: Default: `default_recorder()`.
        target: Whose work it is.
        outcome: The outcome type to record when the function returns, or a function that tells it
            from the result; None records none.
        unit_price: Its price, or a function that tells it from the result.
        notes: What the client reads, also when the function fails; or a function that tells it
            from the result. A block has no result, so all three are values there.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The price is negative.

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
