"""The one place where a failure of billing is kept from the program it lives in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from .outbox.line import Line

P = ParamSpec("P")
T = TypeVar("T")
U = TypeVar("U")


class Append(Protocol):
    """What adds a line to a journal; see `Outbox.append`."""

    def __call__(self, line: Line, *, wait: float | None = None) -> None:
        """Add it, or raise."""
        ...


def guarded(what: str) -> Callable[[Callable[P, T]], Callable[P, T | None]]:
    """Make a callback of a framework harmless: where it fails it is logged and returns None.

    Args:
        what: Names the callback in the log.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T | None]:
        @wraps(function)
        def harmless(*args: P.args, **kwargs: P.kwargs) -> T | None:
            try:
                return function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001
                report(what, error)
                return None

        return harmless

    return decorate


def kept(what: str, action: Callable[[], T], otherwise: U) -> T | U:
    """Return what the action returns, or `otherwise` after logging why it failed."""
    try:
        return action()
    except Exception as error:  # noqa: BLE001
        report(what, error)
        return otherwise


def tried(what: str, action: Callable[..., T], *args: object) -> T | None:
    """Do as `kept` does, without a function made for it: each event of an agent passes here."""
    try:
        return action(*args)
    except Exception as error:  # noqa: BLE001
        report(what, error)
        return None


async def kept_async(what: str, action: Callable[[], Awaitable[T]], otherwise: U) -> T | U:
    """Do as `kept` does, with what has to be awaited."""
    try:
        return await action()
    except Exception as error:  # noqa: BLE001
        report(what, error)
        return otherwise


def refused(action: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Exception | None:
    """Try to write at once; return why it can't be done now, without judging it."""
    try:
        action(*args, **kwargs)
    except Exception as error:  # noqa: BLE001
        return error
    return None


def unwritten(append: Append, line: Line, wait: float | None) -> Exception | None:
    """Try to add a line to the journal; return why it can't be added now."""
    try:
        append(line, wait=wait)
    except Exception as error:  # noqa: BLE001
        return error
    return None


def said(log: Callable[..., None], message: str, *values: object) -> None:
    """Log something. A handler of the program's that raises must end neither agent nor thread."""
    # There is nobody left to tell.
    with suppress(Exception):
        log(message, *values)


def report(what: str, error: BaseException) -> None:
    """Log a failure by type and place only: its message may quote a prompt or an answer."""
    # It logs through this module.
    from . import _log

    why = described(error)
    _log.warn(f"{what}:{why}", f"{what} failed with {why}; your program goes on")


def described(error: BaseException) -> str:
    """Return the type and the place of an error, which never are secret."""
    return f"{type(error).__name__} at {_place(error)}"


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    if trace is None:
        return "an unknown place"
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f"{code.co_name}:{trace.tb_lineno}"
