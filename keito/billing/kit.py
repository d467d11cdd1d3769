"""What a courier works with, for each of its steps."""

from __future__ import annotations

from dataclasses import dataclass

from .outbox.port import Outbox
from .timing import Timing
from .waits import Clocks
from .way import Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What a courier works with.

    Attributes:
        outbox: Where the records are.
        way: The way to Keito.
        destination: Whose records it delivers; see `Destination.id`.
        owner: Who it is, for the outbox.
        timing: All times.
        clocks: What tells them.
    """

    outbox: Outbox
    way: Way
    destination: str
    owner: str
    timing: Timing
    clocks: Clocks
