"""Sending: one record at a time, and only an answer that proves something moves it on."""

from __future__ import annotations

from collections.abc import Callable

from .._request import Request
from .._retry import verdict
from .._transport import Answer
from . import _log
from .correcting import Correcting, park_following, warn_of
from .outbox.port import Outbox
from .outbox.record import Change, Record
from .timing import Timing
from .way import Way, said_by
from .wire import changed, changed_by_server, creation, echo, entry_key, item_of, key_of


class Sending:
    """Claims records and sends them."""

    def __init__(
        self,
        outbox: Outbox,
        way: Way,
        destination: str,
        *,
        owner: str,
        timing: Timing,
        clock: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._way = way
        self._destination = destination
        self._owner = owner
        self._timing = timing
        self._clock = clock
        self._correcting = Correcting(outbox, way, clock=clock)

    def step(self) -> bool:
        """Send the next record; whether there was one that may be sent now."""
        now, holds = self._clock(), self._way.holds
        if self._way.wait or holds.credential(now):
            return False
        record = self._outbox.claim(
            self._destination,
            owner=self._owner,
            now=now,
            lease=now + self._timing.timeout + self._timing.claim,
            without=holds.projects(now),
        )
        if record is None:
            return False
        self._send(record)
        return True

    def _send(self, record: Record) -> None:
        request = self._prepared(record)
        if isinstance(request, Change):
            if self._move(record, request) and request.state == "PARKED":
                warn_of(request)
                park_following(self._outbox, record, now=self._clock())
            return
        outcome = self._way.exchange(request)
        proven = verdict(outcome)
        if proven == "done" and isinstance(outcome, Answer):
            self._after_answer(record, outcome)
        elif proven == "not_processed":
            self._move(record, Change(state="READY", since=self._clock()))
            self._way.pause(outcome)
        elif proven == "rejected" and isinstance(outcome, Answer):
            self._after_refusal(record, outcome)
        else:
            self._move(record, Change(state="AMBIGUOUS", since=self._clock()))
            self._way.pause(outcome)

    def _prepared(self, record: Record) -> Request[object] | Change:
        """Return what to send, or what becomes of the record instead."""
        changes = record.kind == "correction" or _is_update(record)
        request = self._request(record)
        if self._clock() + self._timing.timeout >= record.lease:
            # This process was stopped since the claim, or the entry that is to be corrected took
            # too long to look at: an answer could come after the claim ends.
            return Change(state="AMBIGUOUS" if changes else "READY", since=self._clock())
        return request

    def _request(self, record: Record) -> Request[object] | Change:
        if _is_update(record):
            # Imported here: few have their runs added up, and nobody else needs to load it.
            from .totals.updating import Updating

            return Updating(self._outbox, self._way, clock=self._clock).prepare(record)
        return self._correcting.prepare(record) if record.kind == "correction" else creation(record)

    def _after_answer(self, record: Record, answer: Answer) -> None:
        item = item_of(answer)
        if item is None or key_of(item) != entry_key(record):
            self._move(record, Change(state="AMBIGUOUS", since=self._clock()))
            self._way.pause("an answer that is not Keito's")
            return
        self._way.works()
        self._move(
            record,
            Change(
                state="DONE",
                since=self._clock(),
                remote=str(item.get("id", "")),
                reason=changed_by_server(changed(record, item)),
                echo=echo(record, item),
            ),
        )

    def _after_refusal(self, record: Record, answer: Answer) -> None:
        now = self._clock()
        if answer.status == 401:
            self._way.refused_key()
            self._move(record, Change(state="READY", since=now))
        elif _may_be_touched(record, answer.status):
            # Locked or deleted in this very moment, perhaps: the entry is looked at again first.
            self._move(record, Change(state="AMBIGUOUS", since=now))
        elif answer.status == 403:
            self._way.refused_project(record.project)
            self._move(record, Change(state="READY", since=now))
        else:
            self._park(record, said_by(answer))

    def _park(self, record: Record, said: str) -> None:
        self._way.last_error = said
        self._move(record, Change(state="PARKED", since=self._clock(), reason=said))
        _log.warn("parked", f"Keito refuses a record ({said}): it is kept, please look at it")
        park_following(self._outbox, record, now=self._clock())

    def _move(self, record: Record, change: Change) -> bool:
        moved = self._outbox.change(record, change)
        if not moved:
            _log.warn("overtaken", "another courier took a record over while it was being sent")
        return moved


def _is_update(record: Record) -> bool:
    return record.kind == "total" and bool(record.remote)


def _may_be_touched(record: Record, status: int) -> bool:
    if record.attempts > 1:
        return False
    return _is_update(record) or (record.kind == "correction" and status in (403, 404))
