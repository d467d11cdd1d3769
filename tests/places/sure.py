"""Times for a program that is killed as soon as it has recorded, however busy the machine is."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import replace

from keito.billing import Recorder
from tests.billing.sending import FAST

# What could not be written in time waits in memory, and would be gone with its process.
SURE = replace(FAST, inline=10.0)


def opened(recorder: Recorder) -> None:
    """Open its outbox, however long others have it locked: its first run waits 50 ms for that."""
    while True:
        with suppress(sqlite3.OperationalError):
            recorder._recording.opened()
            return
