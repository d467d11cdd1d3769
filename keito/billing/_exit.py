"""What has to happen when the process ends or is forked."""

from __future__ import annotations

import atexit
import os
import time
import weakref
from typing import TYPE_CHECKING

from . import registry
from ._guard import kept

if TYPE_CHECKING:
    from .recorder import Recorder

_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()


def enter(recorder: Recorder) -> None:
    """Have a recorder closed at exit, and set up anew in a forked child."""
    _recorders.add(recorder)


def _close_all() -> None:
    recorders = list(_recorders)
    end = time.monotonic() + max((r.exit_timeout for r in recorders), default=0.0)
    for recorder in recorders:
        recorder.close(max(0.0, end - time.monotonic()))


def _after_fork_in_child() -> None:
    registry.forget_all()
    for recorder in list(_recorders):
        kept("setting up after a fork", recorder.begin_child_process, None)


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
