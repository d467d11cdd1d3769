"""What LangChain says of a run at its start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Started = Mapping[str, Any]
"""The arguments of a callback that tells of a start, or one of the mappings among them."""

NOTHING: Started = {}


def name_of(serialized: Started | None, started: Started) -> str:
    """What LangChain calls a run."""
    return str(started.get("name") or (serialized or NOTHING).get("name") or "agent")


def named_in(metadata: Started) -> tuple[object, ...] | None:
    """What a run's metadata says of whose work it is; what that means the recorder decides."""
    if "keito_target" not in metadata and "keito_project_id" not in metadata:
        return None
    names = ("keito_target", "keito_project_id", "keito_task_id")
    return tuple(metadata.get(name) for name in names)


def thread_in(metadata: Started) -> str | None:
    """The thread of LangGraph's that it is a turn of."""
    thread = metadata.get("thread_id")
    return None if thread is None else str(thread)
