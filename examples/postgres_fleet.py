"""A fleet of workers with one outbox in PostgreSQL: one of them dies, and every job is billed once.

Run it with `python -m examples.postgres_fleet`. It works in a schema that it drops again, on the
server at `KEITO_TEST_POSTGRES`, else on one of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from examples.local import Settings, local_keito
from keito.billing import Recorder, Target, Timing, bill_to
from tests.database import GIVEN, Database, own_schema, why_none

WORKERS = 3
JOBS = 4  # of each worker


def main() -> None:
    """Work in several processes, and compare what was done with what is billed."""
    with local_keito() as local, database() as place:
        settings: Settings = {**local.settings, "outbox": place}
        processes = multiprocessing.get_context("spawn")
        fleet = [
            processes.Process(target=work, args=(settings, local.target, name))
            for name in range(WORKERS)
        ]
        for worker in fleet:
            worker.start()
        for worker in fleet:
            worker.join()
        print(f"{sum(worker.exitcode != 0 for worker in fleet)} of {WORKERS} workers died")

        recorder = Recorder(**settings)
        left = recorder.flush()
        recorder.close()
        print(f"{left} records are left in the outbox")
        said = [entry["metadata"] for entry in local.keito.entries()]
        jobs = Counter(entry["job"] for entry in said if entry["status"] == "ok")
        print(f"{len(jobs)} jobs were done, each billed once: {set(jobs.values()) == {1}}")


def work(settings: Settings, target: Target, name: int) -> None:
    """Do jobs in a process of its own. The first worker dies after its last one."""
    # What waits in memory would die with a worker, so these wait for the database instead.
    recorder = Recorder(**settings, target=target, timing=Timing(inline=10.0))
    for number in range(JOBS):
        job = f"{name}-{number}"
        with bill_to(work_key=job, metadata={"job": job}), recorder.run("fleet-agent"):
            time.sleep(0.02)
    if name == 0:
        os._exit(1)  # as if it was killed: nothing is closed, nothing delivered any more
    recorder.close()


@contextmanager
def database() -> Iterator[str]:
    """Return where the outbox is: an empty schema."""
    if GIVEN:
        with own_schema(GIVEN) as place:
            yield place
        return
    if why := why_none():
        sys.exit(why)
    server = Database()
    server.start()
    try:
        with own_schema(server.dsn) as place:
            yield place
    finally:
        server.remove()


if __name__ == "__main__":
    main()
