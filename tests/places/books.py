"""What Keito has in the end."""

from __future__ import annotations

import time
from collections import Counter

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.billing.sending import PATIENCE


def books(local: LocalKeito) -> Counter[str]:
    """How often each agent has an entry, by how its run ended."""
    said = [entry.get("metadata") or {} for entry in local.entries()]
    return Counter(f"{one['agent_id']} {one['status']}" for one in said if "run_id" in one)


def charged(local: LocalKeito, agent: str) -> list[bool]:
    """Which entries of an agent the client pays for."""
    mine = [e for e in local.entries() if (e.get("metadata") or {}).get("agent_id") == agent]
    return sorted(entry["billable"] for entry in mine)


def delivered(local: LocalKeito, successor: Recorder, *, at_least: int) -> Counter[str]:
    """Have the next process deliver until nothing is left, and so many runs are there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if successor.flush(1.0) == 0 and books(local).total() >= at_least:
            break
        time.sleep(0.02)
    return books(local)
