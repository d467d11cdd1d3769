"""A Celery worker loses a process within a task, which is delivered again and billed once.

With `task_acks_late` a task is acknowledged when it is done, so one that was cut off is done
again. Its id is the same in each delivery, which makes it the `work_key`.

Run it with `python -m examples.celery_worker`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from celery import Celery, Task

from examples.local import Local, local_keito
from keito.billing import Recorder, Timing, bill_to

PATIENCE = 30.0
QUEUE = Path(os.environ.get("QUEUE", "queue"))

app: Any = Celery("examples", broker="filesystem://")  # it has no types
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)


@cache
def recorder() -> Recorder:
    """The recorder of this process, set up by `KEITO_*`."""
    # A process counts as gone after half a second instead of 15, which makes the story short.
    # What waits in memory would die with it, so recording waits for the disk however busy that is.
    return Recorder(timing=Timing(lease=0.5, poll=0.1, inline=10.0))


@app.task(name="refund", bind=True)  # type: ignore[untyped-decorator]
def refund(task: Task, order: str) -> None:
    """Refund an order. The first try is cut off half-way, as when memory runs out."""
    job = bill_to(work_key=task.request.id, notes=f"Refunded {order}")
    tried = QUEUE / "tried"
    with job, recorder().run("refund-agent"):
        time.sleep(0.02)
        if not tried.exists():
            tried.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def queue_in(folder: Path) -> None:
    """Have the queue in a folder, and be told soon that a process died."""
    app.conf.update(
        broker_transport_options={
            "data_folder_in": folder,
            "data_folder_out": folder,
            "control_folder": folder / "control",
            "polling_interval": 0.1,
        },
        worker_lost_wait=0.1,
    )


def main() -> None:
    """Queue a task, have a worker at it until both tries are known, and see who pays."""
    with local_keito() as local:
        folder = Path(local.settings["outbox"]).with_name("queue")
        folder.mkdir()
        queue_in(folder)
        app.send_task("refund", ["O-1001"])
        end = time.monotonic() + PATIENCE
        with working(local, folder):
            while len(local.keito.entries()) < 2 and time.monotonic() < end:
                time.sleep(0.05)
            # Before the worker is killed: what it was just sending, others would look into later.
            local.show(Recorder(**local.settings))
        said = [entry["metadata"] for entry in local.keito.entries()]
        print(f"attempts: {sorted(entry['attempt'] for entry in said)}")


@contextmanager
def working(local: Local, folder: Path) -> Iterator[None]:
    """Have a worker with one process for tasks, which is replaced when it dies."""
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "examples.celery_worker"]
    command += ["worker", "--concurrency", "1", "--without-gossip", "--without-mingle"]
    settings = {"KEITO_OUTBOX": str(local.settings["outbox"]), "QUEUE": str(folder)}
    settings["TMPDIR"] = str(folder.parent)  # what is killed leaves its temporary files behind
    # Celery tells at length that it lost a process, which is what this is about.
    with subprocess.Popen(
        command,
        env={**os.environ, **local.keito.env, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as worker:
        try:
            yield
        finally:
            os.killpg(worker.pid, signal.SIGKILL)  # with its processes; nothing is lost by that


queue_in(QUEUE)

if __name__ == "__main__":
    main()
