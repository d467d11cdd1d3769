"""Updating: a total's entry is changed only as long as nobody else has touched it.

Whoever does, freezes it: it stays as it is, and what Keito does not have of it yet goes into the
next total. The revision in the entry's metadata tells what Keito has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..._request import Request, path
from .. import _log
from ..kit import Kit
from ..listing import listed
from ..outbox.record import Change, Record
from ..seen import Seen
from ..wire import TIME_ENTRIES, Item, changed, echo, metadata_of, read
from .details import group_of
from .total import FROZEN, REVISION, facts_of, update_of, without_pending

NOT_SENT = "not sent"
"""The reason of a total that was not sent because its entry did not look as it should."""


class Updating:
    """Looks at the entries of totals before and after they are changed.

    Args:
        kit: What the courier works with.
    """

    def __init__(self, kit: Kit) -> None:
        self._outbox = kit.outbox
        self._way = kit.way
        self._clocks = kit.clocks

    def prepare(self, total: Record) -> Request[object] | Change:
        """Look at the entry; return what to send, or what becomes of the total instead."""
        items = listed(self._way.exchange, TIME_ENTRIES, project=total.project, day=total.day)
        if isinstance(items, list):
            item = _find(total, items)
            known = item is not None and _has(item, facts_of(total)["confirmed_revision"])
            if known and item is not None and not _touched(total, item):
                at = path("time_entries", total.remote)
                return Request("PATCH", at, object, body=update_of(total))
        else:
            self._way.heed(items)
        # A listing may be behind. One that is taken after the settle time proves it.
        return self._clocks.change("AMBIGUOUS", reason=NOT_SENT)

    def settle(self, total: Record, items: Sequence[Item]) -> None:
        """Decide what became of an update that is in doubt, going by a listing."""
        facts, item = facts_of(total), _find(total, items)
        if item is not None and _has(item, facts["revision"]):
            self._way.cleared_up()
            self._outbox.change(total, self._made(total, item))
        elif item is not None and _has(item, facts["confirmed_revision"]):
            touched = _touched(total, item)
            if touched:
                self._freeze(total, touched, echo(total, item))
            else:
                self._outbox.change(total, self._clocks.change("READY", reason=""))
        elif total.reason == NOT_SENT:
            why = "deleted or moved" if item is None else f"changed {REVISION}"
            self._freeze(total, why, "" if item is None else echo(total, item))
        else:
            self._park(total)

    def found(self, total: Record, change: Change, item: Item) -> Change:
        """Say what becomes of a total whose entry was made, though the answer was lost."""
        frozen = self._made(total, item).reason
        return replace(change, reason=frozen) if frozen else change

    def _made(self, total: Record, item: Item) -> Change:
        """Keito has it; whether somebody has changed it since decides if it gets more."""
        others = changed(total, item)
        if item.get("notes") != read(total.payload).get("notes"):
            others.append("notes")
        reason = f"{FROZEN}: changed {', '.join(others)}" if others else ""
        return self._clocks.change(
            "DONE",
            remote=str(item.get("id")),
            echo=echo(total, item),
            reason=reason,
        )

    def _freeze(self, total: Record, why: str, seen: str) -> None:
        """Leave the entry as it is, and let what it does not have go into the next total."""
        pending = [
            detail
            for detail in self._outbox.in_state(total.destination, "FOLDED")
            if detail.after == total.key
        ]
        left = without_pending(total, now=self._clocks.wall(), echo=seen, reason=f"{FROZEN}: {why}")
        again = [
            replace(x, state="COLLECTED", fence=x.fence + 1, after=group_of(x)["name"])
            for x in pending
        ]
        self._outbox.replace([total, *pending], [left, *again])

    def _park(self, total: Record) -> None:
        _log.warn(
            "total in doubt",
            "a day's entry was changed or removed by somebody while it was being updated, so that "
            "nobody knows what it had: its runs are kept, please look at it",
        )
        parked = self._clocks.change(
            "PARKED", reason=f"{FROZEN}: touched while it was being updated"
        )
        self._outbox.change(total, parked)


def _find(total: Record, items: Sequence[Item]) -> Item | None:
    return next((item for item in items if item.get("id") == total.remote), None)


def _has(item: Item, revision: int) -> bool:
    return metadata_of(item).get(REVISION) == revision


def _touched(total: Record, item: Item) -> str:
    """Say what somebody has done to an entry since we saw it last; empty for nothing."""
    last = read(total.echo)
    seen = Seen(total, last, frozenset(metadata_of(read(total.payload))))
    look, what = seen.look(replace(total, kind="correction"), item)
    return what if look in ("fixed", "edited") else ""
