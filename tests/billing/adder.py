"""A process whose runs are added up, until a test kills it.

Run as `python -m tests.billing.adder`, with the sandbox in the environment.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from keito.billing import Recorder, Usage
from tests.billing.sending import FAST

OFTEN = replace(FAST, totals=0.02)


def add_up() -> None:
    """Record and send until killed; say which runs are safe."""
    recorder = Recorder(timing=OFTEN, requests_per_minute=None, granularity="day")
    while True:
        with recorder.run("agent") as run:
            run.model_call(Usage(model="m", input_tokens=7, output_tokens=3), key="1")
        while recorder._recording.journal.waiting:
            # Kept in memory, which is not safe.
            time.sleep(0.001)
        sys.stdout.write(f"{run.id}\n")
        sys.stdout.flush()
        time.sleep(0.005)


if __name__ == "__main__":
    add_up()
