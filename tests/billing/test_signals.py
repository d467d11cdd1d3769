"""Handlers of signals, which come between any two steps of recording, and may raise."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from random import Random
from typing import Any

import pytest

from keito.billing import Recorder, bill_to, billed, current_run, decorated, scope, steps, target
from keito.billing.turn import Turn
from tests.billing.conftest import AWAY, HOME, Recorded

pytestmark = [
    pytest.mark.skipif(
        not hasattr(signal, "setitimer"), reason="this system has no interval timers"
    ),
    # By default a test's own timeout is this signal, too.
    pytest.mark.timeout(120, method="thread"),
]


class Interrupted(KeyboardInterrupt):
    """What the handler raises."""


def interrupt(number: int, frame: object) -> None:
    raise Interrupted


@pytest.fixture
def interrupts() -> Iterator[Callable[[float], None]]:
    """Have this thread interrupted after some seconds; 0 for not any more."""
    before = signal.signal(signal.SIGALRM, interrupt)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds) and None
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def often_interrupted(
    work: Callable[[], object], interrupts: Callable[[float], None], times: int
) -> None:
    chance = Random(5)
    for _ in range(times):
        try:
            interrupts(chance.uniform(0.00002, 0.0003))
            for _ in range(100):
                work()
            interrupts(0)
        except Interrupted:
            pass


def test_an_interrupted_thread_keeps_no_lock_of_the_outbox(
    tmp_path: Path, interrupts: Callable[[float], None]
) -> None:
    recorder = Recorder(outbox=tmp_path / "outbox.db", target=HOME, courier="external")
    run = recorder.start("agent")

    often_interrupted(lambda: run.outcome("done"), interrupts, times=2000)

    before = recorder._recording.journal.deferred
    other = threading.Thread(target=lambda: run.outcome("done"))
    other.start()
    other.join(20)
    assert not other.is_alive()
    assert recorder._recording.journal.deferred == before
    assert recorder.flush(0) > 0
    recorder.close(1)


def test_an_interrupted_thread_keeps_no_turn(interrupts: Callable[[float], None]) -> None:
    turn = Turn()

    def take() -> None:
        with turn.taken(1.0):
            pass

    often_interrupted(take, interrupts, times=2000)

    seen: list[bool] = []

    def note() -> None:
        with turn.taken(5.0) as mine:
            seen.append(mine)

    other = threading.Thread(target=note)
    other.start()
    other.join()
    assert seen == [True]


def test_who_waits_in_vain_takes_no_part_in_anothers_turn() -> None:
    writers: list[str] = []

    class Watched(Turn):
        def __setattr__(self, name: str, value: object) -> None:
            writers.append(threading.current_thread().name)
            super().__setattr__(name, value)

    turn = Watched()
    writers.clear()

    def wait() -> None:
        with turn.taken(0.01) as mine:
            assert not mine

    with turn.taken():
        other = threading.Thread(target=wait, name="other")
        other.start()
        other.join()

    assert set(writers) == {threading.current_thread().name}


def test_a_handler_that_comes_back_during_its_own_turn_has_none() -> None:
    turn = Turn()

    with turn.taken() as outer:
        with turn.taken() as inner:
            pass
        with turn.taken(0) as again:
            pass
    with turn.taken() as after:
        pass

    assert (outer, inner, again, after) == (True, False, False, True)


def test_a_handler_may_close_the_recorder_that_its_thread_records_with(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys, threading\n"
        "from keito.billing import Recorder, Target\n"
        "recorder = Recorder(outbox=sys.argv[1], target=Target(project_id='p', task_id='t'),\n"
        "                    courier='external')\n"
        "def end(number, frame):\n"
        "    recorder.close(0.5)\n"
        "    sys.exit(7)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "recorder.start('agent').finish()\n"
        "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()\n"
        "while True:\n"
        "    run = recorder.start('agent')\n"
        "    run.outcome('done')\n"
        "    run.finish()\n"
    )
    for number in range(3):
        command = [sys.executable, "-c", program, str(tmp_path / f"outbox-{number}.db")]
        assert subprocess.run(command, timeout=30, check=False).returncode == 7


class Interrupting:
    """A context variable whose next use is the last before the handler raises."""

    def __init__(self, variable: ContextVar[Any], *, at: str, number: int = 1) -> None:
        self._variable = variable
        self._at = at
        self._left = number

    def get(self) -> Any:
        found = self._variable.get()
        self._count("get")
        return found

    def set(self, value: object) -> None:
        self._variable.set(value)
        self._count("set")

    def _count(self, what: str) -> None:
        self._left -= what == self._at
        if what == self._at and self._left == 0:
            raise Interrupted


def block(recorder: Recorder) -> None:
    with recorder.run("agent", target=AWAY):
        pass


def function(recorder: Recorder) -> None:
    billed("agent", recorder=recorder)(lambda: None)()


def generator(recorder: Recorder) -> None:
    @billed("agent", recorder=recorder)
    def talk() -> Iterator[int]:
        yield 1

    list(talk())


MOMENTS = [
    *[(block, scope, moment, n) for moment, n in (("set", 1), ("get", 2))],
    (function, decorated, "set", 1),
    (generator, steps, "set", 1),
]


@pytest.mark.parametrize(("work", "module", "at", "number"), MOMENTS)
def test_an_interrupted_run_is_no_longer_the_current_one(
    work: Callable[[Recorder], None],
    module: Any,
    at: str,
    number: int,
    recorded: Recorded,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variable = Interrupting(module._current, at=at, number=number)
    with monkeypatch.context() as patched:
        patched.setattr(module, "_current", variable)
        with pytest.raises(Interrupted):
            work(recorded.recorder)

    assert current_run() is None
    with recorded.recorder.run("after"):
        pass
    statuses = {entry["metadata"]["status"] for entry in recorded.entries()}
    assert statuses == {"cancelled", "ok"}


def test_an_interrupted_block_bills_nothing_more_to_its_target(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(target, "_bill_to", Interrupting(target._bill_to, at="set"))
        with pytest.raises(Interrupted), bill_to(AWAY):
            pass

    with recorded.recorder.run("after"):
        pass
    assert recorded.entry()["project_id"] == HOME.project_id
