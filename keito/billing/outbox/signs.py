"""Signs of life by a lock that the operating system lets go of when its process is gone.

A process id proves nothing (another process may have got it, and in containers each is 1), and a
lease alone would call a process dead that was only stopped for a while.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# Files this process holds locks on, by path. POSIX forgets a process's lock when the process closes
# any descriptor of the file, so our own files must never be opened again to look.
_held: dict[Path, int] = {}
_lock = threading.Lock()


def take(path: Path) -> bool:
    """Lock a file for as long as this process lives; False when it is locked, also by us."""
    with _lock:
        if path in _held:
            return False
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        if not _locked(descriptor):
            os.close(descriptor)
            return False
        _held[path] = descriptor
        return True


def held(path: Path) -> bool:
    """Whether this or another living process has locked the file."""
    with _lock:
        if path in _held:
            return True
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            return not _locked(descriptor)
        finally:
            os.close(descriptor)


def let_go(path: Path) -> None:
    """Unlock the file, if this process has locked it."""
    with _lock:
        descriptor = _held.pop(path, None)
        if descriptor is not None:
            os.close(descriptor)


def _forget_in_child() -> None:
    # A forked child holds none of its parent's locks; closing here takes nothing from the parent.
    global _lock
    _lock = threading.Lock()
    for descriptor in _held.values():
        os.close(descriptor)
    _held.clear()


def _locked(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
