"""A process of its own, for act 3: `work` runs an agent, `deliver` sends what was left behind.

Where Keito is and where the outbox lies is in the environment, as for any program.
"""

from __future__ import annotations

import sys
import time

from examples.demo import langchain_agent
from examples.demo.endpoint import Endpoint
from examples.demo.support import TICKETS
from keito.billing import Recorder, bill_to

RECORDED = "recorded, not delivered"


def main() -> None:
    """Do what the command line says."""
    command, *arguments = sys.argv[1:]
    if command == "work":
        _work(*arguments)
    else:
        _deliver()


def _work(ticket: str, base_url: str, model: str) -> None:
    recorder = Recorder()
    with bill_to(session_id=ticket):
        langchain_agent.work(TICKETS[ticket], Endpoint(base_url, model), recorder)
    while not (recorder.status().last_error and recorder.status().records.get("READY")):
        time.sleep(0.01)
    print(RECORDED, flush=True)
    sys.stdin.read()  # go on like a server would, until killed


def _deliver() -> None:
    recorder = Recorder()
    recorder.flush(timeout=20)
    print(dict(recorder.status().records), flush=True)


if __name__ == "__main__":
    main()
