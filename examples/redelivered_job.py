"""A queue delivers a job twice. Both attempts are recorded, and the client pays for one.

Run it with `python -m examples.redelivered_job`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from examples.local import local_keito
from keito.billing import Recorder, bill_to


@dataclass(frozen=True)
class Job:
    """What the queue delivers; a second delivery has the same id."""

    id: str
    order: str


def main() -> None:
    """Do a job, lose its acknowledgement, and do it again."""
    with local_keito() as local:
        recorder = Recorder(**local.settings, target=local.target)

        @recorder.billed("import-agent", notes="Imported an order")
        def work(order: str) -> None:
            print(f"importing {order}")
            time.sleep(0.02)

        job = Job("job-17", "O-1001")
        for _ in range(2):
            with bill_to(work_key=job.id):
                work(job.order)

        local.show(recorder)
        attempts = [entry["metadata"]["attempt"] for entry in local.keito.entries()]
        print(f"attempts: {attempts}")


if __name__ == "__main__":
    main()
