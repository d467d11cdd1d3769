"""Correcting: a correction is sent only where nobody else has touched the entry since."""

from __future__ import annotations

from collections.abc import Sequence

from .._request import Request, path
from . import _log
from .correction import AFTER_PARKED
from .kit import Kit
from .listing import listed
from .outbox.port import Outbox
from .outbox.record import Change, Record
from .seen import Look, seen
from .wire import TIME_ENTRIES, Item, echo, read

_REASONS: dict[Look, str] = {
    "fixed": "late_after_lock",
    "edited": "late_after_edit",
    "gone": "deleted",
}


class Correcting:
    """Looks at entries that are to be corrected.

    Args:
        kit: What the courier works with.
    """

    def __init__(self, kit: Kit) -> None:
        self._outbox = kit.outbox
        self._way = kit.way
        self._clocks = kit.clocks

    def prepare(self, correction: Record) -> Request[object] | Change:
        """Look at the entry; return what to send, or what becomes of the correction instead."""
        items = listed(
            self._way.exchange, TIME_ENTRIES, project=correction.project, day=correction.day
        )
        if not isinstance(items, list):
            self._way.heed(items)
            return self._look_again()
        look, what, item = self._look(correction, items)
        if look == "as last seen" and item is not None:
            at = path("time_entries", str(item.get("id")))
            return Request("PATCH", at, object, body=read(correction.payload))
        if look in ("edited", "gone"):
            # A listing may be behind, and then shows the entry as it was before we made it or
            # corrected it last. One that is taken after the settle time proves it.
            return self._look_again()
        return self._change(correction, look, what, item)

    def settle(self, correction: Record, items: Sequence[Item]) -> Change:
        """Say what became of a correction that is in doubt, going by a listing."""
        look, what, item = self._look(correction, items)
        if look == "as last seen":
            return self._clocks.change("READY")
        return self._change(correction, look, what, item)

    def _look(self, correction: Record, items: Sequence[Item]) -> tuple[Look, str, Item | None]:
        known = seen(correction, self._outbox.of_run(correction.run))
        if known is None:
            return "gone", "the entry's own record is gone", None
        item = known.find(items)
        return *known.look(correction, item), item

    def _look_again(self) -> Change:
        return self._clocks.change("AMBIGUOUS")

    def _change(self, correction: Record, look: Look, what: str, item: Item | None) -> Change:
        if look == "as wanted" and item is not None:
            return self._clocks.change(
                "DONE", remote=str(item.get("id")), echo=echo(correction, item)
            )
        return self._clocks.change("PARKED", reason=f"{_REASONS[look]}: {what}")


def warn_of(parked: Change) -> None:
    """Say loudly that a correction is parked, once it is: what was seen may have been outdated."""
    reason = parked.reason or ""
    _log.warn(
        reason.partition(":")[0],
        f"more became known of a run, and its entry is not as it was left ({reason}): the entry "
        "stays as it is, and the correction is kept, please look at it",
    )


def park_following(outbox: Outbox, parked: Record, *, now: float) -> None:
    """Park what comes after a record: it would wait for ever, and hold up every flush."""
    for later in outbox.of_run(parked.run):
        if later.after == parked.key and later.state == "READY":
            outbox.change(later, Change(state="PARKED", since=now, reason=AFTER_PARKED))
            park_following(outbox, later, now=now)
