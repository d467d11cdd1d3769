"""What a fork waits for, with several threads: the hooks alone, without a process."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from keito._request import Request
from keito.billing import _forks
from keito.billing.delivery import _transport as transport_to
from keito.testing import LocalKeito
from tests.billing.sending import FAST, PATIENCE, recorder_to


class Watched:
    """A lock that notes whether another thread could begin a fork when it is let go."""

    def __init__(self) -> None:
        self.free_for_another: list[bool] = []

    def acquire(self, timeout: float) -> bool:
        return True

    def release(self) -> None:
        self.free_for_another.append(in_another_thread(could_fork))


def could_fork() -> bool:
    free = _forks._whole.acquire(blocking=False)
    if free:
        _forks._whole.release()
    return free


def in_another_thread(ask: Callable[[], bool]) -> bool:
    said: list[bool] = []
    thread = threading.Thread(target=lambda: said.append(ask()))
    thread.start()
    thread.join()
    return said[0]


@contextmanager
def forking() -> Iterator[None]:
    """Be between the hooks of a fork."""
    _forks._before()
    try:
        yield
    finally:
        _forks._after_in_parent()


def test_a_fork_lets_go_of_its_locks_before_another_one_may_take_them() -> None:
    watched = Watched()
    _forks._locks.add(cast("Any", watched))

    with forking():
        pass

    assert watched.free_for_another == [False]
    assert in_another_thread(could_fork)


def test_no_lock_is_made_while_a_fork_goes_through_them() -> None:
    made = threading.Event()

    def make() -> None:
        _forks.lock()
        made.set()

    with forking():
        threading.Thread(target=make).start()
        made_meanwhile = made.wait(0.05)

    assert not made_meanwhile
    assert made.wait(10)


def test_a_fork_that_could_not_wait_lets_go_of_nothing_of_anothers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock = _forks.lock()

    def is_free() -> bool:
        if not lock.acquire(blocking=False):
            return False
        lock.release()
        return True

    def fork_without_waiting() -> bool:
        with forking():
            return could_fork()

    with forking():
        monkeypatch.setattr(_forks, "_LONGEST", 0.0)
        could = in_another_thread(fork_without_waiting)
        still_held = not in_another_thread(is_free)

    assert not could
    assert still_held
    assert in_another_thread(is_free)


def test_a_request_that_a_child_goes_on_with_is_not_sent(
    local: LocalKeito, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = transport_to(recorder_to(local, tmp_path).destination, FAST)
    assert transport is not None
    monkeypatch.setattr(os, "getpid", lambda: 0)

    with pytest.raises(_forks.ForkedError):
        transport.exchange(Request("GET", "/api/v2/time_entries", object))

    assert local.requests() == []
    transport.close()


def rests(thread: threading.Thread | None) -> bool:
    """Whether a thread waits for ever, as one does that a child has from its parent."""
    assert thread is not None
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None and frame.f_code is not _forks.rest.__code__:
        frame = frame.f_back
    return frame is not None


def test_a_courier_that_a_child_has_from_its_parent_delivers_nothing(
    local: LocalKeito, tmp_path: Path
) -> None:
    working = recorder_to(local, tmp_path)
    with working.run("parent"):
        pass
    working.flush(PATIENCE)

    courier = working._recording.courier
    courier.abandon()
    courier.wake()
    # Until then it may be past its last look at whether it is still its parent's.
    end = time.monotonic() + PATIENCE
    while not rests(courier._thread) and time.monotonic() < end:
        time.sleep(0.01)
    with working.run("child"):
        pass
    left = working.flush(3 * FAST.poll)

    assert left == 1
    assert len(local.requests("POST")) == 1
    working.close(0)
