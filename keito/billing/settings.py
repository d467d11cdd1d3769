"""What a recorder was set up with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .arguments import having, instance
from .contract import Contract
from .destination import Destination
from .mode import Mode
from .outbox import open_outbox
from .outbox.port import Outbox
from .routing import Routes
from .target import check_limits
from .timing import Timing

if TYPE_CHECKING:
    from .limits import Limits
    from .prices import Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a recorder was set up with; see `Recorder` for what is not explained here.

    Attributes:
        routes: Whose work its runs are.
        destination: Where its records go.
        outbox: Where they are kept until then.
        external: Whether another process delivers them.

    Raises:
        TypeError: An argument of the recorder has the wrong type.
    """

    mode: Mode
    routes: Routes
    contract: Contract
    limits: Limits | None
    prices: Prices | None
    destination: Destination
    outbox: str | Path | Outbox | None
    external: bool
    timing: Timing
    granularity: Literal["run", "day"]
    sweep: bool
    receipts: bool

    def __post_init__(self) -> None:
        instance("Recorder(contract=)", self.contract, Contract, "a Contract")
        having("Recorder(prices=)", self.prices, "cost", "a price list")
        if not isinstance(self.outbox, (str, Path)):
            wanted = "a path, a database's address, an outbox"
            having("Recorder(outbox=)", self.outbox, "append", wanted)
        if self.limits is not None:
            check_limits("Recorder(limits=)", self.limits)

    def open_outbox(self) -> Outbox:
        """Open the outbox, or a new one where it is an address."""
        return open_outbox(self.outbox, self.destination, inline=self.timing.inline)
