"""Threads of LangGraph that wait for a person, and the runs that go on with them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from ._langgraph import Command

if TYPE_CHECKING:
    from ._tree import Root

# Whoever waits longer than for so many others is still linked, by the name of what it waits for.
MOST = 10_000

# By thread: the billed run in which it began to wait last.
_waiting: OrderedDict[str, str] = OrderedDict()


def goes_on(inputs: object) -> bool:
    """Whether a graph that is given this goes on from where it stopped."""
    return inputs is None or (isinstance(inputs, Command) and inputs.resume is not None)


def followed(thread: str | None, *, goes_on: bool) -> str | None:
    """Return the id of the billed run that a run goes on with, if it waited in this process."""
    if thread is None:
        return None
    if not goes_on:
        # A thread that begins anew waits no more, even if this turn of it fails.
        _waiting.pop(thread, None)
    return _waiting.get(thread)


def note_end(root: Root, *, failed: bool) -> None:
    """Note whether a thread waits, now that a run has ended; one that failed may be tried again."""
    if root.thread is None or root.run.parent is not None:
        return
    if root.interrupted:
        _waiting[root.thread] = root.run.id
    elif not failed:
        _waiting.pop(root.thread, None)
    if len(_waiting) > MOST:
        _waiting.popitem(last=False)
