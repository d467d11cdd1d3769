"""Runs that wait for a person, and the runs that go on with them, perhaps in another process."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents import RunState, ToolApprovalItem

    from keito.billing import Run

# Whoever waits longer than for so many others is still linked, by the name of what it waits for.
MOST = 10_000

_waiting: OrderedDict[str, str] = OrderedDict()


def begin_waiting(run: Run, interruptions: Sequence[ToolApprovalItem]) -> None:
    """Say what a run waits for."""
    name = _name(interruptions)
    run.metadata(interruption=name)
    _waiting[name] = run.id
    if len(_waiting) > MOST:
        _waiting.popitem(last=False)


def interruption_of(state: RunState[Any]) -> str:
    """Name what a run waited for: the same where it began to wait and where it goes on."""
    return _name(state.get_interruptions())


def waited(interruption: str) -> str | None:
    """Return the id of the run that waited for it, if that was in this process."""
    return _waiting.get(interruption)


def _name(interruptions: Sequence[ToolApprovalItem]) -> str:
    # The ids of the calls that a person decides about: the model's, and part of the state's text.
    calls = sorted(str(item.call_id) for item in interruptions)
    return hashlib.sha256("\n".join(calls).encode()).hexdigest()[:16]
