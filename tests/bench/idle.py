"""What a recorder with a courier costs a process that has nothing to record."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from keito.billing import Recorder, Target
from keito.testing import sandbox
from tests.bench.measure import Row

SECONDS = 10.0
SETTLED = 1.0
BAR = 0.01


def rows() -> Iterator[Row]:
    """Idle, with all delivered; and with a run open, which has to be shown to live."""
    with sandbox() as local, TemporaryDirectory() as folder:
        recorder = Recorder(
            outbox=Path(folder) / "outbox.db",
            target=Target(project_id=local.project_id, task_id=local.task_id),
            **local.client_settings,
        )
        with recorder.run("agent"):
            pass
        recorder.flush()
        yield _row("idle CPU, all delivered")
        run = recorder.start("agent")
        yield _row("idle CPU, a run open")
        run.finish()
        recorder.close()


def _row(what: str) -> Row:
    time.sleep(SETTLED)
    before = time.process_time()
    time.sleep(SECONDS)
    share = (time.process_time() - before) / SECONDS
    return Row(what, f"{share:.2%}", f"under {BAR:.0%}", share < BAR, {"share": share})
