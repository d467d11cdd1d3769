"""Billing adds nothing to the agent's path that could harm it."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

from keito.billing import MemoryOutbox, Recorder, Timing, Usage, billed, default_recorder
from keito.billing.outbox.line import Line
from keito.billing.outbox.record import Counts
from tests.billing.conftest import HOME, Recorded

SECRET = "canary-7f3a"


class Refusing(MemoryOutbox):
    """An outbox that can't be written until it is told so."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses = True

    def append(self, line: Line, *, wait: float | None = None) -> None:
        if self.refuses:
            raise OSError("No space left on device")
        super().append(line, wait=wait)


def wait_until(done: Any) -> None:
    end = time.monotonic() + 20
    while not done() and time.monotonic() < end:
        time.sleep(0.01)
    assert done()


def test_recording_imports_the_standard_library_alone() -> None:
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from keito.billing import MemoryOutbox, Recorder, Target, Usage\n"
        "target = Target(project_id='p', task_id='t')\n"
        "recorder = Recorder(target=target, courier='external', outbox=sys.argv[1])\n"
        "with recorder.run('agent') as run:\n"
        "    run.model_call(Usage(input_tokens=1), key='1')\n"
        "    run.outcome('done', unit_price='0.99')\n"
        "assert recorder.flush(0) == 2\n"
        "tops = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(tops - sys.stdlib_module_names - {'keito'}))\n"
        "print('asyncio' in tops)\n"
    )

    def run(path: Path) -> str:
        command = [sys.executable, "-c", program, str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        assert run(Path(folder) / "outbox.db") == "\nFalse\n"


def test_what_can_not_be_written_now_is_kept_in_memory_and_written_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outbox = Refusing()
    recorder = Recorder(outbox=outbox, target=HOME, courier="external", timing=Timing(journal=0.01))

    for _ in range(5):
        with recorder.run("agent") as run:
            run.outcome("done")
    waiting = recorder.status().in_memory
    outbox.refuses = False
    wait_until(lambda: recorder.status().in_memory == 0)

    assert waiting > 0
    assert outbox.counts(recorder.destination.id).journal == 10
    assert caplog.text.count("the outbox can't be written") == 1
    assert '"deferred":true' in "".join(line.body for line in outbox.arrivals(limit=100))
    recorder.close(0)


def test_an_outbox_that_can_not_be_opened_harms_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    recorder = Recorder(outbox=in_the_way / "outbox.db", target=HOME, courier="external")

    with recorder.run("agent") as run:
        run.model_call(Usage(), key="1")

    assert recorder.flush(0) == 3
    assert recorder.status().durable is False
    assert "the outbox can't be written" in caplog.text
    recorder.close(0)


class Silent(MemoryOutbox):
    """Takes what is recorded, and can't be asked any more."""

    def counts(self, destination: str) -> Counts:
        raise OSError("Input/output error")


def test_a_flush_that_can_not_ask_never_says_that_nothing_is_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorder = Recorder(outbox=Silent(), target=HOME, courier="external")
    with recorder.run("agent"):
        pass

    left = recorder.flush(0)

    assert recorder.status().in_memory == 0
    assert left == 1
    assert "flushing failed" in caplog.text
    recorder.close(0)


async def test_an_event_loop_is_never_blocked(tmp_path: Path) -> None:
    recorder = Recorder(outbox=tmp_path / "outbox.db", target=HOME, courier="external")

    with blockbuster_ctx():
        async with recorder.run("agent") as run:
            run.model_start("1").end(Usage(input_tokens=1, output_tokens=1))
            run.outcome("done")
            with run.paused():
                pass

    assert recorder.flush(10) == 2
    recorder.close(0)


async def test_what_a_detector_refuses_is_written_by_a_thread_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(outbox=tmp_path / "outbox.db", target=HOME, courier="external")
    journal = recorder._recording.journal

    for _ in range(2):
        async with recorder.run("agent"):
            pass
        await asyncio.to_thread(wait_until, lambda: not journal.waiting)

    assert journal.deferred == 5
    assert caplog.text.count("lets nobody open the outbox") == 1
    assert caplog.text.count("lets nobody write records") == 1
    recorder.close(0)


async def test_where_a_detector_refuses_only_the_opening_later_records_are_written_at_once(
    tmp_path: Path,
) -> None:
    recorder = Recorder(outbox=tmp_path / "outbox.db", target=HOME, courier="external")
    journal = recorder._recording.journal

    with blockbuster_ctx() as detector:
        detector.functions["sqlite3.Cursor.execute"].can_block_in("outbox/inbox.py", {"append"})
        async with recorder.run("first"):
            pass
        await asyncio.to_thread(wait_until, lambda: not journal.waiting)
        first = journal.deferred
        async with recorder.run("second"):
            pass

    assert first == 3
    assert journal.deferred == first
    recorder.close(0)


def test_nothing_secret_is_written_anywhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    recorder = Recorder(outbox=tmp_path / "outbox.db", target=HOME, courier="external")

    @recorder.billed(outcome=lambda answer: str(1 / 0))
    def answer(prompt: str) -> str:
        return prompt

    answer(SECRET)
    with pytest.raises(ValueError, match=SECRET), recorder.run("agent") as run:
        run.model_start("1").fail(RuntimeError(SECRET))
        run.tool_start("search", key="2").fail(RuntimeError(SECRET))
        raise ValueError(SECRET)
    recorder.flush(0)

    for path in tmp_path.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()
    assert SECRET not in caplog.text
    recorder.close(0)


def test_trouble_is_said_once_and_then_counted(caplog: pytest.LogCaptureFixture) -> None:
    from keito.billing import _log

    for _ in range(100):
        _log.warn("kind", "something happened")

    assert caplog.text.count("something happened") == 3
    assert "100 times so far" in caplog.text


class Raising(logging.Handler):
    """A handler that lets no record pass, as some have it in tests."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())
        raise AssertionError("no warnings here")


@pytest.fixture
def raising() -> Iterator[Raising]:
    handler = Raising()
    logger = logging.getLogger("keito")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_a_log_handler_may_be_billed_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEITO_MODE", "off")

    class Billed(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            summarize(record.getMessage())

    @billed
    def summarize(text: str) -> str:
        return text[:5]

    handler = Billed()
    logging.getLogger("keito").addHandler(handler)
    try:
        assert summarize("an agent's work") == "an ag"
    finally:
        logging.getLogger("keito").removeHandler(handler)
        default_recorder().close(0)


def test_a_log_handler_that_raises_ends_neither_the_agent_nor_a_thread(raising: Raising) -> None:
    outbox = Refusing()
    recorder = Recorder(
        outbox=outbox,
        api_key="none",
        account_id="acc_test",
        base_url="http://127.0.0.1:9",
        receipts=True,
        timing=Timing(backoff=0.01),
    )

    with recorder.run("agent", target="nobody knows it") as run:
        run.model_call(Usage(input_tokens=1), key="1")
    outbox.refuses = False
    recorder.start("agent", target=HOME).finish()

    wait_until(lambda: any("can't take records" in said for said in raising.heard))
    wait_until(lambda: sum("in memory" in said for said in raising.heard) >= 2)
    assert any("was named" in said for said in raising.heard)
    journal = recorder._recording.journal._thread
    assert recorder._recording.courier._runs
    assert journal is not None
    assert journal.is_alive()
    recorder.close(0)


def test_ten_thousand_concurrent_runs_leave_nothing_behind(recorded: Recorded) -> None:
    from keito.billing import runs_by_key

    before = set(runs_by_key._open)
    runs = [recorded.recorder.start("agent", framework="test", key=str(n)) for n in range(10_000)]
    for run in runs:
        run.model_call(Usage(input_tokens=1, output_tokens=1), key=run.id)
    for run in runs:
        run.finish()

    assert recorded.recorder.status().open_runs == 0
    assert recorded.recorder.status().unfiled == 10_000
    assert set(runs_by_key._open) <= before


def test_a_closed_recorder_takes_runs_without_complaint(recorded: Recorded) -> None:
    recorded.recorder.close(0)

    with recorded.recorder.run("agent") as run:
        run.outcome("done")

    assert run.finished


def test_closing_ends_the_threads(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    recorder = Recorder(outbox=tmp_path / "outbox.db", target=HOME)
    recorder.start("agent").finish()
    started = {thread.name for thread in set(threading.enumerate()) - before}

    recorder.close(5)

    assert started == {"keito-journal", "keito-courier"}
    assert set(threading.enumerate()) <= before
