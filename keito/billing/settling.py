"""Settling: asking Keito what became of the records whose answers were lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._transport import Answer, Outcome
from . import _log
from .correcting import Correcting, park_following, warn_of
from .kit import Kit
from .listing import listed
from .outbox.record import Change, Record
from .waits import Watch
from .wire import Collection, Item, changed, changed_by_server, collection_of, echo, key_of

if TYPE_CHECKING:
    from .totals.updating import Updating

_Place = tuple[Collection, str, str]


class Settling:
    """Settles all the AMBIGUOUS records of a list, a project and a day with one listing.

    Args:
        kit: What the courier works with.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._outbox = kit.outbox
        self._way = kit.way
        self._clocks = kit.clocks
        self._timing = kit.timing
        self._correcting = Correcting(kit)
        self._watch = Watch(kit.clocks, self._span)
        self._look_at: dict[_Place, float] = {}

    def step(self) -> float:
        """Settle what is due; return after how many seconds something will be."""
        places: dict[_Place, list[Record]] = {}
        for record in self._doubtful():
            place = (collection_of(record), record.project, record.day)
            places.setdefault(place, []).append(record)
        for gone in [place for place in self._look_at if place not in places]:
            del self._look_at[gone]
        waits = [self._place(place, records) for place, records in places.items()]
        return max(0.0, min(waits, default=self._timing.poll))

    def _doubtful(self) -> list[Record]:
        found = self._outbox.ambiguous(self._kit.destination)
        untold = self._watch.look(found)
        for record in untold:
            self._begin_anew(record)
        return [record for record in found if record not in untold]

    def _begin_anew(self, record: Record) -> None:
        now = self._clocks.wall()
        if record.absent is None:
            self._outbox.change(record, self._clocks.change("AMBIGUOUS", since=now))
        else:
            change = self._clocks.change("AMBIGUOUS", since=record.since, absent=now)
            self._outbox.change(record, change)

    def _place(self, place: _Place, records: list[Record]) -> float:
        put_off = self._look_at.get(place, 0.0) - self._clocks.monotonic()
        wait = max(self._next_look(records), put_off, self._way.full)
        if wait > 0:
            return wait
        due = [record for record in records if self._watch.left(record) <= 0]
        collection, project, day = place
        found = listed(self._way.exchange, collection, project=project, day=day)
        if isinstance(found, list):
            for record in due:
                self._settle(record, found)
        else:
            self._put_off(place, found)
        return 0.0

    def _put_off(self, place: _Place, met: Outcome) -> None:
        _log.warn("listing", "Keito can't be asked what became of lost answers: asking again")
        self._way.heed(met)
        status = met.status if isinstance(met, Answer) else 0
        held = self._timing.hold if status in (401, 403) else self._way.wait
        pause = max(self._timing.look_again, held)
        self._look_at[place] = self._clocks.monotonic() + pause

    def _next_look(self, records: list[Record]) -> float:
        # The first waits a little for those that are due soon after it, so that one listing settles
        # them all, but not for ever, however long failures go on.
        waits = sorted(self._watch.left(record) for record in records)
        return max(wait for wait in waits if wait <= waits[0] + self._timing.look_again)

    def _span(self, record: Record) -> tuple[float, float]:
        if record.absent is not None:
            return record.absent, self._timing.look_again
        return record.since, self._timing.settle

    def _settle(self, record: Record, items: Sequence[Item]) -> None:
        if record.kind == "total" and record.remote:
            self._updating().settle(record, items)
            return
        found = [item for item in items if key_of(item) == record.key]
        if record.kind == "correction":
            change = self._correcting.settle(record, items)
        elif found:
            change = self._found(record, found)
            if record.kind == "total":
                change = self._updating().found(record, change, found[0])
        elif record.absent is None:
            change = self._clocks.change(
                "AMBIGUOUS", since=record.since, absent=self._clocks.wall()
            )
        else:
            change = self._clocks.change("READY")
        if change.state == "DONE":
            self._way.cleared_up()
        if self._outbox.change(record, change) and change.state == "PARKED":
            warn_of(change)
            park_following(self._outbox, record, now=self._clocks.wall())

    def _updating(self) -> Updating:
        # Imported here: few have their runs added up, and nobody else needs to load it.
        from .totals.updating import Updating

        return Updating(self._kit)

    def _found(self, record: Record, found: Sequence[Item]) -> Change:
        oldest, ids = found[0], [str(item.get("id")) for item in found]
        reason = changed_by_server(changed(record, oldest))
        if len(found) > 1:
            _log.warn("doubled", f"Keito has {len(found)} items with the key {record.key}")
            reason = f"found {len(found)} times: {', '.join(ids)}"
        return self._clocks.change(
            "DONE",
            remote=ids[0],
            reason=reason,
            echo=echo(record, oldest),
        )
