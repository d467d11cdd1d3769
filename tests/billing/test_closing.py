"""Recorders that are closed, dropped, forked, or short of threads lose nothing."""

from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from keito.billing import MemoryOutbox, Recorder, Timing, _exit
from keito.billing import journal as journal_module
from keito.billing.journal import Journal
from keito.billing.lazy_outbox import LazyOutbox
from keito.billing.outbox import signs
from keito.billing.outbox.line import Line
from keito.billing.outbox.sqlite import SqliteOutbox
from keito.billing.patience import at_once
from tests.billing.conftest import HOME, Recorded
from tests.billing.test_harmless import wait_until

NOWHERE = "http://127.0.0.1:1"


class FailingOnce(MemoryOutbox):
    """An outbox whose next write fails when it is told so."""

    fails = False

    def append(self, line: Line, *, wait: float | None = None) -> None:
        if self.fails:
            self.fails = False
            raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
        super().append(line, wait=wait)


def finished(path: Path) -> int:
    with closing(sqlite3.connect(f"{path}-inbox")) as inbox:
        (count,) = inbox.execute("SELECT count(*) FROM journal WHERE kind = 'finish'").fetchone()
    return int(count)


def test_a_process_that_can_start_no_thread_records_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    recorder = Recorder(outbox=tmp_path / "outbox.db", target=HOME)

    recorder.start("agent").finish()
    recorder.close(0)

    left = SqliteOutbox(tmp_path / "outbox.db")
    lines = {line.kind: line.body for line in left.arrivals(limit=10)}
    left.close()
    assert lines.keys() == {"contract", "start", "finish"}
    assert '"status":"ok"' in lines["finish"]


def test_what_is_recorded_while_the_recorder_closes_is_written(tmp_path: Path) -> None:
    recorder = Recorder(outbox=tmp_path / "outbox.db", target=HOME, courier="external")
    made: list[str] = []
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            with recorder.run("agent") as run:
                made.append(run.id)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        time.sleep(0.02)
        recorder.close(0)
    stop.set()
    for thread in threads:
        thread.join()
    recorder.close(0)

    assert len(made) > 5
    assert finished(tmp_path / "outbox.db") == len(made)


def test_what_a_closed_recorder_can_not_write_is_tried_again_at_once() -> None:
    outbox = FailingOnce()
    recorder = Recorder(outbox=outbox, target=HOME, courier="external")
    recorder.start("before").finish()
    recorder.close(0)
    outbox.fails = True

    recorder.start("after").finish()

    assert outbox.counts(recorder.destination.id).journal == 2
    assert recorder.status().in_memory == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_leaves_no_lock_of_the_parent_held_in_the_child() -> None:
    command = [sys.executable, "-m", "tests.billing.victim", "forked_while_locked"]

    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert told.stdout.split() == ["0"]


def an_outbox(path: Path) -> None:
    """Leave one behind, as a process does that has ended."""
    recorder = Recorder(outbox=path, target=HOME, courier="external")
    recorder.start("before").finish()
    recorder.close(5)


@contextmanager
def locked(path: Path, file: str = "-inbox") -> Iterator[sqlite3.Connection]:
    """Have an outbox's journal locked, as by a program that looks at it or copies it."""
    with closing(
        sqlite3.connect(f"{path}{file}", isolation_level=None, check_same_thread=False, timeout=20)
    ) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield other


@pytest.mark.parametrize("before", [0, 1], ids=["a new file", "a file that was in use"])
def test_a_file_that_others_have_locked_does_not_hold_the_agent_up(
    tmp_path: Path, before: int
) -> None:
    path = tmp_path / "outbox.db"
    if before:
        an_outbox(path)
    with locked(path) as other:
        recorder = Recorder(outbox=path, target=HOME, courier="external")
        began = time.monotonic()

        recorder.start("agent").finish()
        taken = time.monotonic() - began
        other.execute("ROLLBACK")

    wait_until(lambda: recorder.status().in_memory == 0)
    assert taken < 2
    assert finished(path) == before + 1
    recorder.close(0)


@pytest.mark.parametrize("before", [0, 1], ids=["a new file", "a file that was in use"])
def test_an_agent_that_may_be_held_up_waits_for_a_locked_file_in_its_first_run_too(
    tmp_path: Path, before: int
) -> None:
    path = tmp_path / "outbox.db"
    if before:
        an_outbox(path)
    with locked(path) as other:
        patient = Recorder(outbox=path, target=HOME, courier="external", timing=Timing(inline=20.0))
        unlocking = threading.Timer(0.5, lambda: other.execute("ROLLBACK"))
        unlocking.start()

        patient.start("agent").finish()

        unlocking.join()
    assert patient._recording.journal.deferred == 0
    assert finished(path) == before + 1
    patient.close(0)


FILES = pytest.mark.parametrize("file", ["-inbox", ""], ids=["journal", "records"])


@FILES
@pytest.mark.parametrize("end", ["flush", "close"])
def test_a_file_that_others_have_locked_does_not_prolong_a_flush_or_a_close(
    tmp_path: Path, file: str, end: str
) -> None:
    path = tmp_path / "outbox.db"
    an_outbox(path)
    recorder = Recorder(outbox=path, target=HOME, api_key="none", account_id="a", base_url=NOWHERE)
    recorder.start("agent").finish()
    wait_until(lambda: recorder.status().unfiled == 0)
    with locked(path, file):
        recorder.start("agent").finish()
        began = time.monotonic()

        getattr(recorder, end)(0.1)
        taken = time.monotonic() - began

    assert taken < 2
    recorder.close(1)


def test_an_outbox_that_can_not_be_left_properly_keeps_no_sign_of_life(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    outbox = SqliteOutbox(path)
    outbox.join("me", until=time.time() + 60)

    with locked(path), at_once(), pytest.raises(sqlite3.OperationalError):
        outbox.leave("me")

    assert not signs.held(path.with_name("outbox.db-live") / "me")
    outbox.close()


def test_an_outbox_that_can_not_be_left_properly_is_closed_all_the_same() -> None:
    class Leaving(MemoryOutbox):
        closed = False

        def leave(self, owner: str) -> None:
            raise sqlite3.OperationalError("database is locked")

        def close(self) -> None:
            self.closed = True

    outbox = Leaving()
    lazy = LazyOutbox(lambda: outbox, owner="me", lease=1.0)
    lazy.open()

    with pytest.raises(sqlite3.OperationalError):
        lazy.leave(lambda: False)

    assert outbox.closed


def test_what_is_recorded_after_the_end_and_can_not_be_written_yet_is_written_later(
    tmp_path: Path,
) -> None:
    path = tmp_path / "outbox.db"
    recorder = Recorder(outbox=path, target=HOME, courier="external")
    recorder.start("before").finish()
    recorder.close(1)
    with locked(path):
        recorder.start("after").finish()

    left = weakref.ref(recorder)
    del recorder
    gc.collect()
    _exit.close_all()

    assert finished(path) == 2
    gc.collect()
    assert left() is None


@FILES
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_file_that_others_have_locked_does_not_hold_a_fork_up(tmp_path: Path, file: str) -> None:
    path = tmp_path / "outbox.db"
    an_outbox(path)
    program = (
        "import os, sys, time\n"
        "from keito.billing import Recorder, Target, Timing\n"
        "recorder = Recorder(outbox=sys.argv[1], base_url='http://127.0.0.1:1',\n"
        "                    api_key='kto_sandbox_agent', account_id='acc_sandbox',\n"
        "                    timing=Timing(lease=0.3, poll=0.1),\n"
        "                    target=Target(project_id='p', task_id='t'))\n"
        "taken = []\n"
        "end = time.monotonic() + 2\n"
        "while time.monotonic() < end:\n"
        "    recorder.start('agent').finish()\n"
        "    began = time.monotonic()\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        os._exit(0)\n"
        "    taken.append(time.monotonic() - began)\n"
        "    os.waitpid(child, 0)\n"
        "    time.sleep(0.05)\n"
        "print(max(taken), flush=True)\n"
        "os._exit(0)\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    with locked(path, file):
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert float(told.stdout) < 2


@pytest.mark.parametrize("first", ["recorder.start('agent').finish()", ""])
def test_a_file_that_others_have_locked_does_not_hold_the_end_of_a_process_up(
    tmp_path: Path, first: str
) -> None:
    path = tmp_path / "outbox.db"
    an_outbox(path)
    program = (
        "import sys, time\n"
        "from keito.billing import Recorder, Target\n"
        "recorder = Recorder(outbox=sys.argv[1], base_url='http://127.0.0.1:1',\n"
        "                    api_key='kto_sandbox_agent', account_id='acc_sandbox',\n"
        "                    target=Target(project_id='p', task_id='t'))\n"
        f"{first}\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "began = time.monotonic()\n"
        "recorder.start('agent').finish()\n"
        "print(time.monotonic() - began)\n"
    )
    command = [sys.executable, "-c", program, str(path)]

    with (
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as working,
        closing(sqlite3.connect(f"{path}-inbox", isolation_level=None, timeout=10)) as other,
    ):
        assert working.stdout is not None
        working.stdout.readline()
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        told, _ = working.communicate("\n", timeout=60)
        taken = time.monotonic() - began

    assert float(told) < 2
    assert taken < 6


def test_the_journal_keeps_its_time_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "RETRY_MOST", 0.01)
    ticks: list[int] = []

    def tick() -> float | None:
        ticks.append(1)
        if len(ticks) == 1:
            raise OSError("No space left on device")
        return None

    outbox = LazyOutbox(MemoryOutbox, owner="owner", lease=1.0)
    journal = Journal(outbox, timing=Timing(journal=0.01), tick=tick, added=lambda: None)
    journal.soon(lambda nothing: None, None)

    wait_until(lambda: len(ticks) > 1)
    assert journal.close(5)


def test_closing_twice_does_not_open_the_outbox_again(recorded: Recorded) -> None:
    recorded.recorder.start("agent").finish()
    recorded.recorder.close(0)

    recorded.recorder.close(0)

    assert recorded.recorder._recording._outbox.opened is None


def test_connections_that_nobody_closed_are_closed_with_their_outbox(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "outbox.db")
    connection = outbox._records._connection

    del outbox
    gc.collect()

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
