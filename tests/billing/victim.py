"""A process that records runs and is killed, stopped or forked by a test.

Run as `python -m tests.billing.victim SCENARIO`, with the sandbox in the environment.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time
from typing import Any

from keito.billing import Contract, MemoryOutbox, Recorder, Usage
from tests.billing.sending import FAST


def say(*words: object) -> None:
    """Tell the test, at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def recorder(**settings: Any) -> Recorder:
    """A recorder from the environment."""
    return Recorder(
        contract=Contract(charge="both"), timing=FAST, requests_per_minute=None, **settings
    )


def wait_for_the_end() -> None:
    """Do nothing until the test ends this process."""
    threading.Event().wait(60)


def during_a_run() -> None:
    """Die with a run open."""
    working = recorder(courier="external")
    run = working.start("victim")
    run.model_call(Usage(model="m", input_tokens=7, output_tokens=3), key="1")
    run.outcome("ticket_resolved", unit_price=1)
    working.flush(20)
    say(run.id)
    wait_for_the_end()


def stopped_during_a_run() -> None:
    """Be stopped with a run open, and go on once resumed."""
    resumed = threading.Event()
    signal.signal(signal.SIGCONT, lambda *_: resumed.set())
    # Without a courier: stopped within a transaction of its own, it would hold up all others.
    working = recorder(courier="external")
    run = working.start("victim")
    run.model_call(Usage(model="m", input_tokens=7, output_tokens=3), key="1")
    late = run.model_start("2", model="m")
    working.flush(20)
    say(run.id)
    while not resumed.is_set():
        time.sleep(0.01)
    run.outcome("ticket_resolved", unit_price=1)
    run.finish()
    working.flush(1)
    late.end(Usage(model="m", input_tokens=70, output_tokens=30))
    working.flush(1)
    say("finished")


def stopped_between_calls() -> None:
    """Be stopped while nothing runs, with records on their way, as Lambda does."""
    resumed = threading.Event()
    signal.signal(signal.SIGCONT, lambda *_: resumed.set())
    working = recorder()
    for _ in range(5):
        with working.run("before"):
            pass
    say("recorded")
    while not resumed.is_set():
        time.sleep(0.01)
    for _ in range(5):
        with working.run("after"):
            pass
    say(working.flush(20))


def while_a_call_is_awaited() -> None:
    """Die after a run has ended, while a model call of it is still open."""
    run = recorder(courier="external").start("victim")
    run.model_start("1")
    run.finish()
    say(run.id)
    wait_for_the_end()


def after_a_late_call() -> None:
    """Die when a run's entry is in Keito and a model call of it has reported late."""
    working = recorder()
    run = working.start("victim")
    call = run.model_start("1", model="m")
    run.finish()
    left = working.flush(20)
    working._recording.courier.close(5)
    call.end(Usage(model="m", input_tokens=7, output_tokens=3))
    say(run.id, left)
    wait_for_the_end()


def while_correcting() -> None:
    """Die when a correction is on its way."""
    working = recorder()
    run = working.start("victim")
    call = run.model_start("1", model="m")
    run.finish()
    left = working.flush(20)
    call.end(Usage(model="m", input_tokens=7, output_tokens=3))
    say(run.id, left)
    wait_for_the_end()


def before_sending() -> None:
    """Die with a finished run on the disk."""
    with recorder(courier="external").run("victim") as run:
        pass
    say(run.id)
    wait_for_the_end()


def while_sending() -> None:
    """Die when the request is on its way."""
    with recorder().run("victim") as run:
        pass
    say(run.id)
    wait_for_the_end()


def all_the_time() -> None:
    """Record and send until killed; say which runs are safe."""
    working = recorder()
    while True:
        with working.run("victim") as run:
            pass
        while working._recording.journal.waiting:
            # Kept in memory, which is not safe.
            time.sleep(0.001)
        say(run.id)
        time.sleep(0.002)


def forked() -> None:
    """Record in a process and in its forked child, which inherits an open run."""
    working = recorder()
    with working.run("before"):
        pass
    outer = working.start("parent")
    child = os.fork()
    if child == 0:
        with working.run("child") as run:
            pass
        outer.finish("error")
        left = working.flush(20)
        os._exit(0 if left == 0 and not run.folded else 1)
    _, status = os.waitpid(child, 0)
    outer.finish()
    say(os.waitstatus_to_exitcode(status), working.flush(20))


def forked_while_locked() -> None:
    """Fork while another thread records: the child has the run, and nobody who unlocks it."""
    working = recorder(courier="external", outbox=MemoryOutbox())
    run = working.start("parent")
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with run._ledger.tree.lock, working._recording._open.lock:
            locked.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(30)
    child = os.fork()
    if child == 0:
        threading.Timer(10, os._exit, [1]).start()
        run.finish()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    say(os.waitstatus_to_exitcode(status))


def forked_while_loading() -> None:
    """Fork while the courier loads the HTTP library, which the child needs as well."""
    working = recorder()
    with working.run("parent"):
        pass
    while "httpx" not in sys.modules:
        time.sleep(0)
    child = os.fork()
    if child == 0:
        threading.Timer(10, os._exit, [1]).start()
        importlib.import_module("httpx")
        with working.run("child"):
            pass
        os._exit(working.flush(20))
    _, status = os.waitpid(child, 0)
    say(os.waitstatus_to_exitcode(status), working.flush(20))


def forked_while_delivering() -> None:
    """Fork while the courier writes to the file that each child's courier opens anew."""
    working = recorder()
    for _ in range(100):
        with working.run("parent"):
            pass
    while not working.status().records.get("DONE"):
        time.sleep(0)
    children = []
    for _ in range(5):
        time.sleep(0.01)
        child = os.fork()
        if child == 0:
            threading.Timer(20, os._exit, [1]).start()
            with working.run("child"):
                pass
            os._exit(working.flush(15))
        children.append(child)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    say(*ends, working.flush(20))


def exit_while_keito_is_down() -> None:
    """End without having delivered, with a run open."""
    working = recorder()
    with working.run("done"):
        pass
    working.start("open")
    say(time.time())


if __name__ == "__main__":
    globals()[sys.argv[1]]()
