"""What the stories share: a Keito on this machine, and what it received."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypedDict

from keito.billing import Recorder, Target
from keito.testing import LocalKeito, sandbox


class Settings(TypedDict):
    """The arguments with which a recorder delivers to the local Keito."""

    api_key: str
    account_id: str
    base_url: str
    outbox: Path | str


@dataclass(frozen=True)
class Local:
    """A Keito that nobody else uses, and an empty outbox."""

    keito: LocalKeito
    settings: Settings
    target: Target

    def show(self, recorder: Recorder) -> None:
        """Deliver everything, and print what Keito has."""
        left = recorder.flush()
        recorder.close()
        if left:
            sys.exit(f"{left} records were not delivered")
        for entry in self.keito.entries():
            said = entry["metadata"]
            amount = f"{entry['hours']} h"
            if "outcome_type" in said:
                amount = f"{said['outcome_quantity']} x {said.get('outcome_unit_price', '?')} USD"
            charged = "charged" if entry["billable"] else "not charged"
            print(f"{entry['notes']} | {said['status']} | {amount} | {charged}")


@contextmanager
def local_keito() -> Iterator[Local]:
    """Start a Keito for the time of a `with` block."""
    # An example must not bill anybody, whatever the terminal it is started in is set up for.
    for name in [name for name in os.environ if name.startswith("KEITO_")]:
        del os.environ[name]
    with TemporaryDirectory() as folder, sandbox(role="agent") as keito:
        settings = Settings(**keito.client_settings, outbox=Path(folder) / "outbox.db")
        yield Local(keito, settings, Target(project_id=keito.project_id, task_id=keito.task_id))
