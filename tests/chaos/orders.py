"""What a process of the chaos test is told to do."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict, dataclass
from typing import Literal

from keito.billing import Timing

Role = Literal["recorder", "courier"]

TIMING = Timing(
    # What can't be written in time waits in memory, and is promised only while its process lives.
    # So here recording gets the time it needs, also while a stopped process has the file locked.
    inline=10.0,
    lease=0.6,
    linger=0.2,
    timeout=0.5,
    claim=0.3,
    settle=2.0,
    look_again=0.3,
    backoff=0.01,
    backoff_most=0.05,
    hold=0.3,
    poll=0.05,
    totals=0.3,
)
"""All times of delivery, shortened; the server's latest commit and stalest list fit into them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """How one process works and ends.

    Attributes:
        role: What it does.
        database: Whether the outbox is in PostgreSQL.
        place: Where it is: a file, or how to connect to the database.
        notes: The file for its notes.
        projects: The projects that have an entry for each run,
        daily_project: and the one whose runs are added up.
        seed: Decides what it records.
        runs: How many runs it records.
        external: Whether a recorder leaves delivery to others.
        daily: Whether its runs are added up, to one entry a day.
        step: The step of the protocol at which it gets a signal from itself; empty for none.
        nth: How many times it comes to the step until then.
        signal: Which signal.
        sabotage: How delivery is made worse than it is; empty for not at all.
    """

    role: Role
    database: bool
    place: str
    notes: str
    base_url: str
    api_key: str
    account_id: str
    projects: tuple[str, ...]
    daily_project: str
    task: str
    category: str
    seed: int = 0
    runs: int = 0
    external: bool = False
    daily: bool = False
    step: str = ""
    nth: int = 1
    signal: int = int(signal.SIGKILL)
    sabotage: str = ""

    def text(self) -> str:
        """Return them as JSON."""
        return json.dumps(asdict(self))


def read_orders(text: str) -> Orders:
    """Read what `Orders.text` returned."""
    values = json.loads(text)
    values["projects"] = tuple(values["projects"])
    return Orders(**values)
