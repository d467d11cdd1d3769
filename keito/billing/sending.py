"""Sending: one record at a time, and only an answer that proves something moves it on."""

from __future__ import annotations

from .._request import Request
from .._retry import verdict
from .._transport import Answer
from . import _log
from .correcting import Correcting, park_following, warn_of
from .kit import Kit
from .outbox.record import Change, Record
from .wire import changed, changed_by_server, creation, echo, entry_key, item_of, key_of


class Sending:
    """Claims records and sends them.

    Args:
        kit: What the courier works with.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._outbox = kit.outbox
        self._way = kit.way
        self._clocks = kit.clocks
        self._correcting = Correcting(kit)

    def step(self) -> bool:
        """Send the next record; whether there was one that may be sent now."""
        if self._way.wait or self._way.held:
            return False
        claim = self._kit.timing.timeout + self._kit.timing.claim
        end, now = self._clocks.monotonic() + claim, self._clocks.wall()
        record = self._outbox.claim(
            self._kit.destination,
            owner=self._kit.owner,
            now=now,
            lease=now + claim,
            without=self._way.held_projects,
            epoch=self._clocks.epoch,
        )
        if record is None:
            return False
        self._send(record, end)
        return True

    def _send(self, record: Record, end: float) -> None:
        request = self._prepared(record, end)
        if isinstance(request, Change):
            if self._move(record, request) and request.state == "PARKED":
                warn_of(request)
                park_following(self._outbox, record, now=self._clocks.wall())
            return
        outcome = self._way.exchange(request)
        proven = verdict(outcome)
        if proven == "done" and isinstance(outcome, Answer):
            self._after_answer(record, outcome)
        elif proven == "not_processed":
            self._move(record, self._clocks.change("READY"))
            self._way.pause(outcome)
        elif proven == "rejected" and isinstance(outcome, Answer):
            self._after_refusal(record, outcome)
        else:
            self._move(record, self._clocks.change("AMBIGUOUS"))
            self._way.pause(outcome)

    def _prepared(self, record: Record, end: float) -> Request[object] | Change:
        """Return what to send, or what becomes of the record instead."""
        changes = record.kind == "correction" or _is_update(record)
        request = self._request(record)
        if self._late(record, end):
            # This process was stopped since the claim, or the entry that is to be corrected took
            # too long to look at: an answer could come after the claim ends.
            return self._clocks.change("AMBIGUOUS" if changes else "READY")
        return request

    def _late(self, record: Record, end: float) -> bool:
        # Both clocks: one may have been set, the other may have stood still with its machine.
        timeout = self._kit.timing.timeout
        return (
            self._clocks.monotonic() + timeout >= end
            or self._clocks.wall() + timeout >= record.lease
        )

    def _request(self, record: Record) -> Request[object] | Change:
        if _is_update(record):
            # Imported here: few have their runs added up, and nobody else needs to load it.
            from .totals.updating import Updating

            return Updating(self._kit).prepare(record)
        return self._correcting.prepare(record) if record.kind == "correction" else creation(record)

    def _after_answer(self, record: Record, answer: Answer) -> None:
        item = item_of(answer)
        if item is None or key_of(item) != entry_key(record):
            self._move(record, self._clocks.change("AMBIGUOUS"))
            self._way.pause("an answer that is not Keito's")
            return
        self._way.works()
        self._move(
            record,
            self._clocks.change(
                "DONE",
                remote=str(item.get("id", "")),
                reason=changed_by_server(changed(record, item)),
                echo=echo(record, item),
            ),
        )

    def _after_refusal(self, record: Record, answer: Answer) -> None:
        if answer.status == 401:
            self._way.refused_key()
            self._move(record, self._clocks.change("READY"))
        elif _may_be_touched(record, answer.status):
            # Locked or deleted in this very moment, perhaps: the entry is looked at again first.
            self._move(record, self._clocks.change("AMBIGUOUS"))
        elif answer.status == 403:
            self._way.refused_project(record.project)
            self._move(record, self._clocks.change("READY"))
        else:
            self._park(record, self._way.said(answer))

    def _park(self, record: Record, said: str) -> None:
        self._way.last_error = said
        self._move(record, self._clocks.change("PARKED", reason=said))
        _log.warn("parked", f"Keito refuses a record ({said}): it is kept, please look at it")
        park_following(self._outbox, record, now=self._clocks.wall())

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
