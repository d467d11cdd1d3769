"""Delivering from this process, for one destination or several."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import typer

from ..._config import configure
from ...billing.prices import Prices
from ...billing.recorder import Recorder
from ...billing.timing import Timing
from ..exits import INTERRUPTED, LEFT
from ..output import progress, show
from ..place import Place
from ..signals import signalled

# How often it is looked whether anything is left, and whether somebody wants us to stop.
_LOOK = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What could not be delivered yet.

    Attributes:
        delivered: How many records reached Keito meanwhile, also by other couriers.
        left: How many are still to be sent, or to be asked about.
        ambiguous: How many of them were sent, and nobody knows yet whether they arrived.
        holds: What Keito refuses at the moment.
        last_error: What last went wrong.
        interrupted: Whether somebody wanted us to stop before that.
    """

    delivered: int
    left: int
    ambiguous: int
    holds: tuple[str, ...]
    last_error: str | None
    interrupted: bool = False

    @property
    def text(self) -> str:
        """It in words."""
        said = f"{self.delivered} delivered, {self.left} left"
        if self.ambiguous:
            said += f" ({self.ambiguous} of them sent with the answer lost: Keito is asked first)"
        if self.holds:
            said += f"; Keito refuses {', '.join(self.holds)}"
        if self.left and self.last_error:
            said += f"; last error: {self.last_error}"
        return said


NOTHING = Left(delivered=0, left=0, ambiguous=0, holds=(), last_error=None)


class Service:
    """The couriers of this process."""

    def __init__(self, recorders: Sequence[Recorder]) -> None:
        self._recorders = recorders
        self._done = self._count("DONE")

    def look(self) -> Left:
        """Tell how it stands."""
        found = [recorder.status() for recorder in self._recorders]
        errors = [one.last_error for one in found if one.last_error]
        return Left(
            delivered=max(0, self._count("DONE") - self._done),
            left=sum(one.undelivered for one in found),
            ambiguous=sum(one.records.get("AMBIGUOUS", 0) for one in found),
            holds=tuple(hold for one in found for hold in one.holds),
            last_error=errors[0] if errors else None,
        )

    def _count(self, state: str) -> int:
        counts = [dict(recorder.status().records) for recorder in self._recorders]
        return sum(count for one in counts for name, count in one.items() if name == state)


@contextmanager
def serving(
    places: Sequence[Place],
    *,
    grace: float,
    timing: Timing | None = None,
    sweep: bool = False,
    prices: Prices | None = None,
) -> Iterator[Service]:
    """Deliver for the time of a block.

    Args:
        places: What to deliver.
        grace: How many seconds a request that is under way gets to end.
        timing: All other times.
        sweep: Whether each day that has closed is compared with Keito.
        prices: What model calls cost whose provider does not say.

    Raises:
        KeitoConfigError: A key or an account is missing.
    """
    for place in places:
        require_access(place)
    with ExitStack() as stack:
        recorders = [_recorder(stack, place, grace, timing, sweep, prices) for place in places]
        service = Service(recorders)
        for recorder in recorders:
            recorder.flush(0)
        yield service


def deliver(places: Sequence[Place], *, timeout: float, prices: Prices | None = None) -> Left:
    """Deliver until nothing is left, nothing can be, somebody stops us, or for so many seconds."""
    # Somebody waits: what is added up by day need not wait for more.
    service_now = serving(places, grace=10, timing=Timing(totals=0), prices=prices)
    with signalled() as told, service_now as service, progress("delivering") as tell:
        return until(service, told, timeout=timeout, tell=lambda left: tell(f"({left.left} left)"))


def require_access(place: Place) -> None:
    """Raise a KeitoConfigError if a key or an account is missing."""
    whose = place.destination
    configure(api_key=whose.api_key or "", account_id=whose.account_id, base_url=whose.base_url)


def report(left: Left, *, json: bool) -> None:
    """Say what is left, and end with the exit code for that."""
    show(left, left.text, json=json)
    if left.left:
        raise typer.Exit(INTERRUPTED if left.interrupted else LEFT)


def until(
    service: Service, told: threading.Event, *, timeout: float, tell: Callable[[Left], None]
) -> Left:
    """Wait until nothing is left that can go, and return what is left then."""
    end = time.monotonic() + timeout
    while True:
        left = service.look()
        tell(left)
        if not left.left or _refused(left) or time.monotonic() >= end:
            return left
        if told.wait(_LOOK):
            return replace(left, interrupted=True)


def _refused(left: Left) -> bool:
    # A key that is refused is tried again in an hour: nobody waits for that.
    return "the API key" in left.holds


def _recorder(
    stack: ExitStack,
    place: Place,
    grace: float,
    timing: Timing | None,
    sweep: bool,
    prices: Prices | None,
) -> Recorder:
    outbox = place.open()
    # Asked now, since a recorder would rather keep going than say that its outbox is no good.
    outbox.counts(place.destination.id)
    whose = place.destination
    recorder = Recorder(
        outbox=outbox,
        api_key=whose.api_key,
        account_id=whose.account_id,
        base_url=whose.base_url,
        credential=whose.credential,
        mode="live",
        timing=timing,
        sweep=sweep,
        prices=prices,
    )
    stack.callback(recorder.close, grace)
    return recorder
