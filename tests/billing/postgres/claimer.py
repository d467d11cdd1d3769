"""A courier's process that only claims: run as `python -m tests.billing.postgres.claimer DSN NAME`.

It says how many it took, and which, when nothing is left.
"""

from __future__ import annotations

import sys
import time

from keito.billing.outbox.postgres import PostgresOutbox
from keito.billing.outbox.record import Change


def claim_all(dsn: str, owner: str) -> list[str]:
    """Take and finish whatever is READY."""
    outbox = PostgresOutbox(dsn)
    taken: list[str] = []
    while found := outbox.claim("here", owner=owner, now=0, lease=0, without=()):
        taken.append(found.key)
        outbox.change(found, Change(state="DONE", since=time.time()))
    outbox.close()
    return taken


if __name__ == "__main__":
    sys.stdout.write(" ".join(claim_all(sys.argv[1], sys.argv[2])))
