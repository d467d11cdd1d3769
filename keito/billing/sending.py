"""Sending: one record at a time, and only an answer that proves something moves it on."""

from __future__ import annotations

from collections.abc import Callable

from .._retry import verdict
from .._transport import Answer
from . import _log
from .outbox.port import Outbox
from .outbox.record import Change, Record
from .timing import Timing
from .way import Way, said_by
from .wire import changed, changed_by_server, creation, echo, item_of, key_of


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
        if self._clock() + self._timing.timeout >= record.lease:
            # This process was stopped since the claim: an answer could come after it ends.
            self._move(record, Change(state="READY", since=self._clock()))
            return
        outcome = self._way.exchange(creation(record))
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

    def _after_answer(self, record: Record, answer: Answer) -> None:
        item = item_of(answer)
        if item is None or key_of(item) != record.key:
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
        ready = Change(state="READY", since=self._clock())
        if answer.status == 401:
            self._way.refused_key()
            self._move(record, ready)
        elif answer.status == 403:
            self._way.refused_project(record.project)
            self._move(record, ready)
        else:
            self._way.last_error = said = said_by(answer)
            self._move(record, Change(state="PARKED", since=self._clock(), reason=said))
            _log.warn("parked", f"Keito refuses a record ({said}): it is kept, please look at it")

    def _move(self, record: Record, change: Change) -> None:
        if not self._outbox.change(record, change):
            _log.warn("overtaken", "another courier took a record over while it was being sent")
