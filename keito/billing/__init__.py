"""The billing core: what an agent does becomes records, whatever happens to it.

An adapter translates its framework's events into the few verbs of `Run`; everything else (whose
work it is, what is charged, how it reaches Keito) is decided here, once.
"""

from __future__ import annotations

from ._guard import guarded
from .contract import Contract, Status
from .defaults import billed, default_recorder
from .outbox import MemoryOutbox, Outbox
from .recorder import Recorder
from .run import ModelCall, Run, ToolCall, current_run
from .status import RecorderStatus
from .target import Target, bill_to
from .timing import Timing
from .usage import Usage

__all__ = [
    "Contract",
    "MemoryOutbox",
    "ModelCall",
    "Outbox",
    "Recorder",
    "RecorderStatus",
    "Run",
    "Status",
    "Target",
    "Timing",
    "ToolCall",
    "Usage",
    "bill_to",
    "billed",
    "current_run",
    "default_recorder",
    "guarded",
]
