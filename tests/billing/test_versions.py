"""Files that an earlier version wrote, and left as a process leaves them that is killed."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from keito.billing.filing import Filing
from keito.billing.outbox import table
from keito.billing.outbox.record import Change
from keito.billing.outbox.sqlite import SqliteOutbox
from keito.testing import LocalKeito
from tests.billing.sending import FAST, PATIENCE, recorder_to

QUICK = replace(FAST, settle=0.05, look_again=0.02, poll=0.02)
COLUMNS = (
    "key, run, kind, destination, state, payload, project, day, work, charged, held, fence, "
    "owner, made, since, lease, absent, attempts, reason, remote"
)


def as_the_first_version_had_it(path: Path) -> None:
    """Give a file the table of records that the first version made."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE records RENAME TO newer")
        for index in ("state", "run", "work"):
            connection.execute(f"DROP INDEX records_by_{index}")
        connection.executescript(table._SCHEMA)
        connection.execute(f"INSERT INTO records ({COLUMNS}) SELECT {COLUMNS} FROM newer")
        connection.execute("DROP TABLE newer")


def test_what_an_earlier_version_was_about_to_send_is_delivered_once(
    local: LocalKeito, tmp_path: Path
) -> None:
    path = tmp_path / "outbox.db"
    earlier = recorder_to(local, tmp_path, courier="external")
    runs = []
    for name in ("sending", "ambiguous", "ready"):
        with earlier.run(name) as run:
            runs.append(run.id)
    outbox = SqliteOutbox(path)
    Filing(outbox, clock=time.time, destination=earlier.destination.id).arrivals()
    sent = [
        outbox.claim(earlier.destination.id, owner="gone", now=0.0, lease=1.0, without=())
        for _ in range(2)
    ]
    assert sent[1] is not None
    outbox.change(sent[1], Change(state="AMBIGUOUS", since=0.0))
    outbox.close()
    earlier.close(0)
    as_the_first_version_had_it(path)

    newer = recorder_to(local, tmp_path, timing=QUICK)
    left = newer.flush(PATIENCE)

    delivered = [e["metadata"]["run_id"] for e in local.entries() if "keito_key" in e["metadata"]]
    assert left == 0
    assert sorted(delivered) == sorted(runs)
    newer.close(1)
