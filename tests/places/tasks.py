"""What a Celery worker does: its queue is a folder, and its tasks are runs."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from celery import Celery, Task
from celery.signals import worker_process_init, worker_process_shutdown

from keito.billing import Recorder, bill_to
from tests.places.sure import SURE, opened

QUEUE = Path(os.environ["QUEUE"])

app: Any = Celery("places", broker="filesystem://")  # it has no types
app.conf.update(
    broker_transport_options={
        "data_folder_in": QUEUE,
        "data_folder_out": QUEUE,
        "control_folder": QUEUE / "control",
        "polling_interval": 0.1,
    },
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_lost_wait=0.1,
)
# Made, and at work, before the worker forks.
inherited = Recorder(timing=SURE, requests_per_minute=None)
if "WORKER" in os.environ:
    inherited.start("parent").finish()
own: list[Recorder] = []


@worker_process_init.connect  # type: ignore[untyped-decorator]
def begin(**_told: object) -> None:
    """Make a recorder in the process that does tasks, and have it and its parent's ready."""
    own.append(Recorder(timing=SURE, requests_per_minute=None))
    for recorder in (inherited, *own):
        opened(recorder)


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def end(**_told: object) -> None:
    """End what is open, and deliver."""
    for recorder in (inherited, *own):
        recorder.close()


@app.task(name="with_both")  # type: ignore[untyped-decorator]
def with_both() -> None:
    """Record with what was made before the fork, and with what was made after it."""
    inherited.start("inherited").finish()
    own[0].start("own").finish()


@app.task(name="lost", bind=True)  # type: ignore[untyped-decorator]
def lost(task: Task) -> None:
    """Do the work, and die before that is known, once."""
    died = QUEUE / "died"
    with bill_to(work_key=task.request.id), inherited.run("job"):
        pass
    if not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="left_open")  # type: ignore[untyped-decorator]
def left_open() -> None:
    """Leave a run open."""
    inherited.start("left open")
