"""Recorders that deliver to a local Keito, with every time shortened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keito.billing import Contract, Recorder, Target, Timing
from keito.testing import LocalKeito

FAST = Timing(
    timeout=0.5,
    claim=0.3,
    settle=0.4,
    look_again=0.1,
    backoff=0.02,
    backoff_most=0.1,
    lease=0.5,
    linger=0.2,
    hold=0.3,
    poll=0.05,
)
PATIENCE = 30.0


def recorder_to(local: LocalKeito, path: Path, **settings: Any) -> Recorder:
    """A recorder into a file, for the sandbox."""
    defaults: dict[str, Any] = {
        "outbox": path / "outbox.db",
        "target": Target(project_id=local.project_id, task_id=local.task_id),
        "contract": Contract(charge="both"),
        "timing": FAST,
        "requests_per_minute": None,
    }
    return Recorder(**local.client_settings, **{**defaults, **settings})


def keys_at(local: LocalKeito) -> list[str]:
    """The keys of all entries that agents have made."""
    found = [(entry.get("metadata") or {}).get("keito_key") for entry in local.entries()]
    return sorted(key for key in found if key is not None)
