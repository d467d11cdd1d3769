"""What a fork waits for, since a child must not inherit what a thread of ours has half done.

A child that is forked while another thread loads a module has the module's lock, and no thread
that would ever let it go: whoever imports the same there, be it the agent, waits for ever. The same
goes for SQLite: what it notes in memory of a file that is being written stays so in the child,
which then finds the file locked for good. So a fork waits until our threads are done with either.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import NoReturn

# A fork takes microseconds longer, and half a second while the HTTP library is loaded. One that
# can't wait any longer goes on as it would without us.
_LONGEST = 10.0


class ForkedError(Exception):
    """A forked child was about to go on with what its parent does."""


_whole = threading.RLock()
_locks: weakref.WeakSet[threading.RLock] = weakref.WeakSet()
_held: list[threading.RLock] = []
_forking: int | None = None


@contextmanager
def whole() -> Iterator[None]:
    """Do in this block what no child may find half done. What is held meanwhile is no `lock`."""
    with _whole:
        yield


def lock() -> threading.RLock:
    """Return a lock that no other thread holds while this process is forked.

    A fork takes all of them: who needs two at once takes them inside `whole`, or waits for ever.

    The handler of a signal may come at any moment, with the lock held by the very thread that it
    interrupts: what it records or closes must not wait for that thread.
    """
    made = threading.RLock()
    # A fork goes through them all, and none may come meanwhile.
    with _whole:
        _locks.add(made)
    return made


def rest() -> NoReturn:
    """Wait for ever: in a child, the end of a thread of the parent's is an error to Python."""
    while True:
        threading.Event().wait()


def only_here() -> Callable[[str, object], None]:
    """Return what raises in a forked child, and does nothing in the process that called this.

    A thread that is a greenlet (gevent) goes on in a child, in the middle of its parent's request
    and on its connection. Sent from there, the request would arrive twice.
    """
    here = os.getpid()

    def check(event: str, info: object) -> None:
        if os.getpid() != here:
            raise ForkedError(f"this is a request of the process {here}: {event}")

    return check


def _before() -> None:
    global _forking
    end = monotonic() + _LONGEST
    if not _whole.acquire(timeout=_LONGEST):
        return
    _forking = threading.get_ident()
    _held.extend(
        found for found in list(_locks) if found.acquire(timeout=max(0.0, end - monotonic()))
    )


def _after_in_parent() -> None:
    global _forking
    # A fork that could not wait any longer holds nothing, and lets go of nothing of another's.
    if _forking != threading.get_ident():
        return
    _let_go()
    _forking = None
    _whole.release()


def _after_in_child() -> None:
    global _forking, _whole
    _whole = threading.RLock()
    _forking = None
    _let_go()


def _let_go() -> None:
    for found in _held:
        found.release()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
