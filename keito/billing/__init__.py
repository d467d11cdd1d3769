"""The billing core: what an agent does becomes records, whatever happens to it.

An adapter translates its framework's events into the few verbs of `Run`; everything else (whose
work it is, what is charged, how it reaches Keito) is decided here, once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ._guard import guarded
from .calls import ModelCall, ToolCall
from .caps import Cap
from .contract import Contract, Status
from .cost_expense import CostExpense
from .current import current_run
from .defaults import billed, default_recorder
from .outbox import Outbox
from .recorder import Recorder
from .run import Run
from .target import Target, bill_to
from .timing import Timing
from .usage import Usage

if TYPE_CHECKING:
    from .limits import KeitoLimitReached as KeitoLimitReached
    from .limits import Limits as Limits
    from .outbox.memory import MemoryOutbox as MemoryOutbox
    from .prices import Cost as Cost
    from .prices import FixedPrices as FixedPrices
    from .prices import Price as Price
    from .prices import Prices as Prices
    from .providers import StreamUsage as StreamUsage
    from .providers import usage_of as usage_of
    from .sigterm import flush_on_sigterm as flush_on_sigterm
    from .status import RecorderStatus as RecorderStatus
    from .sweep_report import Finding as Finding
    from .sweep_report import SweepReport as SweepReport

__all__ = [
    "Cap",
    "Contract",
    "Cost",
    "CostExpense",
    "Finding",
    "FixedPrices",
    "KeitoLimitReached",
    "Limits",
    "MemoryOutbox",
    "ModelCall",
    "Outbox",
    "Price",
    "Prices",
    "Recorder",
    "RecorderStatus",
    "Run",
    "Status",
    "StreamUsage",
    "SweepReport",
    "Target",
    "Timing",
    "ToolCall",
    "Usage",
    "bill_to",
    "billed",
    "current_run",
    "default_recorder",
    "flush_on_sigterm",
    "guarded",
    "usage_of",
]

# Not needed to record a run, so not loaded before they are asked for.
_LATER = {
    "Cost": ".prices",
    "Finding": ".sweep_report",
    "FixedPrices": ".prices",
    "KeitoLimitReached": ".limits",
    "Limits": ".limits",
    "MemoryOutbox": ".outbox.memory",
    "Price": ".prices",
    "Prices": ".prices",
    "RecorderStatus": ".status",
    "StreamUsage": ".providers",
    "SweepReport": ".sweep_report",
    "flush_on_sigterm": ".sigterm",
    "usage_of": ".providers",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name], __name__), name)
