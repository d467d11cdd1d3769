"""Real processes whose disk is full, or whose interpreter is shutting down, lose no run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

RECORDER = """
import sys
from keito.billing import Recorder, Target
recorder = Recorder(outbox=sys.argv[1], account_id="acc", courier="external",
                    target=Target(project_id="p", task_id="t"))
"""

TORN_DOWN = (
    RECORDER
    + """
class Agent:
    def __init__(self):
        self.circle = self
    def __del__(self, recorder=recorder):
        for _ in range(3):
            recorder.start("too late").finish()
recorder.start("in time").finish()
agent = Agent()
"""
)

DISK_FULL = (
    RECORDER
    + """
import resource
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
for _ in range(5):
    recorder.start("before").finish()
# From here on no file can grow beyond one page, as on a disk that is full.
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, unlimited[1]))
for _ in range(50):
    with recorder.run("while full") as run:
        run.model_start("1").end()
waiting = recorder.status().in_memory
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
recorder.flush(20)
print(waiting > 0, recorder.status().in_memory)
"""
)

FORKED = (
    RECORDER
    + """
import gc, os
@recorder.billed("parents")
def numbers():
    yield 1
    yield 2
left = numbers()
next(left)
child = os.fork()
if child == 0:
    del left
    gc.collect()
    with recorder.run("childs"):
        pass
    recorder.close(0)
    os._exit(0)
os.waitpid(child, 0)
print(list(left))
"""
)

ENDINGS = {
    # Python calls the last registered first: this one before ours, the next one after it.
    "an exit handler": """
import atexit
def record():
    recorder.start("late").finish()
atexit.register(record)
""",
    "an exit handler that was there first": """
import atexit
def record():
    recorder.start("late").finish()
atexit.register(record)
"""
    + RECORDER,
    "a destructor": """
class Agent:
    def __init__(self):
        self.run = recorder.start("late")
    def __del__(self):
        self.run.finish()
agent = Agent()
""",
    "a generator that is left half-way": """
@recorder.billed("late")
def numbers():
    yield 1
    yield 2
left = numbers()
next(left)
""",
    "a daemon thread that goes on": """
import threading, time
def work():
    while True:
        with recorder.run("late"):
            pass
threading.Thread(target=work, daemon=True).start()
time.sleep(0.2)
""",
    "an event loop that was never closed": """
import asyncio
@recorder.billed("late")
async def work():
    await asyncio.sleep(60)
loop = asyncio.new_event_loop()
task = loop.create_task(work())
loop.run_until_complete(asyncio.sleep(0.01))
""",
}


def play(program: str, outbox: Path) -> subprocess.CompletedProcess[str]:
    # Python 3.12 and newer say so where a process forks while the journal's thread is alive.
    quiet = ["-W", "ignore:This process:DeprecationWarning"]
    command = [sys.executable, *quiet, "-c", program, str(outbox)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def recorded(outbox: Path) -> dict[str, int]:
    """How many runs of each name have an end."""
    with closing(sqlite3.connect(f"{outbox}-inbox")) as inbox:
        found = inbox.execute(
            "SELECT json_extract(s.body, '$.name'), count(*) FROM journal s JOIN journal f "
            "ON s.run = f.run AND s.kind = 'start' AND f.kind = 'finish' GROUP BY 1"
        ).fetchall()
    return dict(found)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_a_full_disk_is_survived_said_once_and_loses_nothing(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox.db"

    ended = play(DISK_FULL, outbox)

    assert ended.stdout == "True 0\n", ended.stderr
    assert ended.returncode == 0
    assert ended.stderr.count("the outbox can't be written") == 1
    assert "Traceback" not in ended.stderr
    assert recorded(outbox) == {"before": 5, "while full": 50}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_that_drops_a_generator_leaves_its_parents_run_alone(
    tmp_path: Path,
) -> None:
    outbox = tmp_path / "outbox.db"

    ended = play(FORKED, outbox)

    assert (ended.stdout, ended.stderr) == ("[2]\n", "")
    assert recorded(outbox) == {"parents": 1, "childs": 1}
    with closing(sqlite3.connect(f"{outbox}-inbox")) as inbox:
        (bodies,) = inbox.execute("SELECT group_concat(body) FROM journal WHERE kind = 'finish'")
    assert bodies[0].count('"status":"ok"') == 2


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_interpreter_that_shuts_down_records_to_the_end(ending: str, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox.db"
    program = ENDINGS[ending]
    if RECORDER not in program:
        program = RECORDER + program

    ended = play(program, outbox)

    # What a busy machine keeps waiting for some milliseconds is said, and written all the same.
    said = [line for line in ended.stderr.splitlines() if "(TimeoutError)" not in line]
    assert ended.returncode == 0
    assert "keito: " not in "".join(said)
    assert recorded(outbox).get("late", 0) >= 1


def test_a_module_that_is_torn_down_is_survived_and_said_once(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox.db"

    ended = play(TORN_DOWN, outbox)

    # Nothing can be loaded any more, so what was not is missing, e.g. for opening a file again.
    assert ended.returncode == 0
    assert ended.stderr.count("keito: ") <= 1
    assert "Traceback" not in ended.stderr
    assert recorded(outbox)["in time"] == 1
