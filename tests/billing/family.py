"""A process that has children of many kinds, all of which record; and one that is told to end.

Run as `python -m tests.billing.family SCENARIO`, with the sandbox in the environment.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import sys
import threading
import time
from dataclasses import replace
from types import FrameType

from keito.billing import Contract, Recorder, Usage, defaults, flush_on_sigterm
from tests.billing.sending import FAST, PATIENCE
from tests.billing.victim import say

CHILDREN = 3
RUNS = 4

# How long an end may be held up is tested elsewhere, and a busy machine is slow.
UNHURRIED = replace(FAST, exit=20.0)

recorder = Recorder(contract=Contract(charge="both"), timing=UNHURRIED)


def work(child: int) -> None:
    """Record, and end without another word."""
    for n in range(RUNS):
        with recorder.run(f"child {child} {n}") as run:
            run.model_call(Usage(model="m", input_tokens=1, output_tokens=1), key="1")
            run.outcome("done", key="1")


def left() -> int:
    """Deliver, also what children have left open; how much is left."""
    time.sleep(0.2)
    return recorder.flush(PATIENCE)


def wait_for_signal() -> None:
    """Do nothing until a signal ends this process."""
    while True:
        # Not `signal.pause`: a signal that comes just before it would be waited for in vain.
        time.sleep(0.02)


def multiprocess(method: str) -> None:
    """Children of the standard library, which run no exit handlers."""
    work(-1)
    multiprocessing.set_start_method(method)
    children = [multiprocessing.Process(target=work, args=(n,)) for n in range(CHILDREN)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    say([child.exitcode for child in children], left())


def end_while_busy(outbox: str) -> None:
    """Record where another connection has the outbox locked, leave a run open, and end."""
    recorder.start("opens the files").finish()
    recorder.flush(PATIENCE)
    busy = sqlite3.connect(f"{outbox}-inbox", isolation_level=None, check_same_thread=False)
    busy.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, busy.execute, ["COMMIT"]).start()
    work(0)
    run = recorder.start("open")
    run.model_call(Usage(model="m", input_tokens=5, output_tokens=5), key="1")


def last_words(method: str) -> None:
    """A child that ends while all it has recorded is in its memory only."""
    multiprocessing.set_start_method(method)
    outbox = os.environ["KEITO_OUTBOX"]
    child = multiprocessing.Process(target=end_while_busy, args=(outbox,))
    child.start()
    child.join()
    say(child.exitcode, left())


def pool() -> None:
    """A pool whose workers are terminated, as Celery's are."""
    work(-1)
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=2) as workers:
        workers.map(work, range(CHILDREN), chunksize=1)
    say(left())


def prefork() -> None:
    """Workers forked by a master that has recorded, and that are told to end while they wait."""
    work(-1)
    children = []
    ready, tell = os.pipe()
    for n in range(CHILDREN):
        child = os.fork()
        if child == 0:
            flush_on_sigterm()
            work(n)
            os.write(tell, b".")
            wait_for_signal()
        children.append(child)
    for _ in children:
        os.read(ready, 1)
    for child in children:
        os.kill(child, signal.SIGTERM)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    say(ends, left())


def asked_for_at_once() -> None:
    """Fork while another thread makes the recorder that the child asks for, too."""
    making = threading.Event()
    make = defaults._from_environment

    def slowly() -> Recorder:
        making.set()
        time.sleep(0.2)
        return make()

    defaults._from_environment = slowly
    thread = threading.Thread(target=defaults.default_recorder)
    thread.start()
    making.wait()
    child = os.fork()
    if child == 0:
        threading.Timer(10, os._exit, [1]).start()
        defaults.default_recorder()
        os._exit(0)
    say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    thread.join()


def told_to_end() -> None:
    """Deliver on SIGTERM, with a run open, then end as ever."""
    flush_on_sigterm()
    flush_on_sigterm()
    recorder.start("open")
    with recorder.run("done"):
        pass
    say("ready")
    wait_for_signal()


def told_to_end_with_a_handler() -> None:
    """Deliver on SIGTERM, then let the program's own handler end it."""

    def stop(number: int, frame: FrameType | None) -> None:
        say("stopping", recorder.status().records.get("DONE", 0))
        run.finish()
        sys.exit(7)

    signal.signal(signal.SIGTERM, stop)
    flush_on_sigterm()
    with recorder.run("done"):
        pass
    run = recorder.start("graceful")
    say("ready")
    wait_for_signal()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
