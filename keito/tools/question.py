"""Asking a developer's function, which may fail or be asynchronous, about a model's claim."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

from ..billing import _log
from ..billing._guard import kept, kept_async
from .call import Answer, Claim, Decides, Reason
from .cleaning import MOST_TEXT, cleaned

_FAILED = "it could not be checked"
_NO = {"verify": "it was not confirmed", "approve": "it was not approved"}


@dataclass(frozen=True, slots=True)
class Question:
    """A question to a developer's function.

    Attributes:
        about: The argument that it was given as.
        decides: The function.
    """

    about: Reason
    decides: Decides

    def refusal(self, claim: Claim) -> str | None:
        """Ask; return why the answer is no, or None for yes."""
        if _is_async(self.decides):
            return self._unasked()
        answer = kept(f"{self.about}=", lambda: self.decides(claim), _FAILED)
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            return self._unasked()
        return refusal(self.about, answer)

    async def arefusal(self, claim: Claim) -> str | None:
        """Ask without keeping the event loop waiting."""
        what = f"{self.about}="
        if _is_async(self.decides):
            return refusal(self.about, await kept_async(what, self._awaited(claim), _FAILED))
        answer = await asyncio.to_thread(kept, what, lambda: self.decides(claim), _FAILED)
        if inspect.isawaitable(answer):
            awaited = answer
            answer = await kept_async(what, lambda: awaited, _FAILED)
        return refusal(self.about, answer)

    def _awaited(self, claim: Claim) -> Callable[[], Awaitable[Answer]]:
        return lambda: cast("Awaitable[Answer]", self.decides(claim))

    def _unasked(self) -> str:
        _log.warn(
            f"{self.about}:async",
            f"{self.about}= is asynchronous, and the tool was called synchronously: refused. "
            "Run the agent asynchronously, or give a plain function",
        )
        return _FAILED


def refusal(about: Reason, answer: object) -> str | None:
    """Why this answer is no, or None for yes: only True is a yes."""
    if answer is True:
        return None
    if isinstance(answer, str):
        return cleaned(answer, MOST_TEXT) or _NO[about]
    if answer is not False:
        _log.warn(
            f"{about}:answer",
            f"{about}= answered neither True, False nor a text, but {type(answer).__name__}: "
            "taken for no",
        )
    return _NO[about]


def _is_async(decides: Decides) -> bool:
    called = cast(object, getattr(decides, "__call__", None))  # noqa: B004  # its own method
    return inspect.iscoroutinefunction(decides) or inspect.iscoroutinefunction(called)
