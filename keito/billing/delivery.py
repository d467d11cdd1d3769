"""Delivery: effectively once, to an API that has no idempotency.

A record is marked SENDING on the disk before its first byte leaves. From then on only an answer
that proves something moves it: stored, refused, or never reached. Everything else (an error, a lost
answer, a crash) leaves it AMBIGUOUS, and it is not sent again before Keito, asked twice, has not
got it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime, timezone

from .. import _json
from .._config import configure
from .._errors import KeitoConfigError
from .._headers import retry_after
from .._request import Request
from .._retry import verdict
from .._transport import Answer, Failure, Outcome, Transport
from . import _log
from ._guard import kept
from .destination import Destination
from .filing import Filing
from .genai import GenaiPrices
from .holds import Holds
from .outbox.port import Outbox
from .outbox.record import Change, Record
from .prices import Prices
from .settling import PATH, Settling
from .timing import Timing


class Delivery:
    """What a courier does, one step at a time.

    Args:
        outbox: Where the records are.
        destination: Whose records it delivers.
        owner: Who it is, for the outbox.
        timing: All times.
        prices: What model calls cost; default: genai-prices, where it is installed.
        clock: Seconds since 1970.
        chance: A number between 0 and 1, so that couriers that failed together don't return so.
        transport: The way to Keito; default: one for the destination, if its key is known.
    """

    def __init__(
        self,
        outbox: Outbox,
        destination: Destination,
        *,
        owner: str,
        timing: Timing,
        prices: Prices | None = None,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
        transport: Transport | None = None,
    ) -> None:
        self._outbox = outbox
        self._destination = destination
        self._owner = owner
        self._timing = timing
        self._clock = clock
        self._chance = chance
        asked = GenaiPrices() if prices is None else prices
        self._filing = Filing(outbox, clock=clock, prices=asked)
        self._transport = transport or _transport(destination, timing)
        self._settling: Settling | None = None
        if self._transport is not None:
            self._settling = Settling(
                outbox, self._transport, destination.id, timing=timing, clock=clock
            )
        self._holds = Holds()
        self._failures = 0
        self._stepped_at = 0.0
        self._resume_at = 0.0
        self._next_round = 0.0
        self._next_pruning = 0.0
        self._next_costs = 0.0
        self.last_error: str | None = None

    @property
    def holds(self) -> tuple[str, ...]:
        """What Keito refuses at the moment."""
        return self._holds.names(self._clock())

    def step(self) -> float:
        """Do the next thing there is to do; return after how many seconds to come back."""
        now = self._clock()
        self._notice_clock(now)
        filed = self._filing.arrivals()
        if now >= self._next_round:
            self._next_round = now + self._timing.poll
            self._filing.orphans()
            self._outbox.take_over(self._destination.id, owner=self._owner, now=now)
        if now >= self._next_costs:
            self._next_costs = now + self._timing.costs
            kept("passing costs on", self._pass_costs_on, None)
        if now >= self._next_pruning:
            self._next_pruning = now + 86_400
            self._outbox.prune(before=now - self._timing.keep)
        if self._settling is None:
            return 0.0 if filed else self._timing.poll
        until_settled = self._settling.step()
        sent = now >= self._resume_at and self._send_next()
        if filed or sent:
            return 0.0
        until_resumed = self._resume_at - now if now < self._resume_at else self._timing.poll
        return min(until_resumed, until_settled, self._timing.poll)

    def _pass_costs_on(self) -> None:
        # No time zone is more than 14 hours ahead: days from there on are open everywhere.
        ahead = datetime.fromtimestamp(self._clock() + 14 * 3600, timezone.utc)
        open_day = ahead.date().isoformat()
        if self._outbox.costs_due(self._destination.id, before=open_day):
            # Imported here: few want the expense, and nobody else needs to load it.
            from .passing_on import PassingOn

            passing = PassingOn(self._outbox, self._destination, clock=self._clock)
            passing.step(before=open_day)

    def _notice_clock(self, now: float) -> None:
        # A clock that was set back by an hour must not make a pause of a second an hour long.
        back = max(0.0, self._stepped_at - now)
        self._stepped_at = now
        self._resume_at -= back
        self._next_round -= back
        self._next_pruning -= back
        self._next_costs -= back

    def close(self) -> None:
        """Close the connections to Keito."""
        if self._transport is not None:
            self._transport.close()

    def _send_next(self) -> bool:
        now = self._clock()
        if self._holds.credential(now):
            return False
        record = self._outbox.claim(
            self._destination.id,
            owner=self._owner,
            now=now,
            lease=now + self._timing.timeout + self._timing.claim,
            without=self._holds.projects(now),
        )
        if record is None:
            return False
        self._send(record)
        return True

    def _send(self, record: Record) -> None:
        assert self._transport is not None
        if self._clock() + self._timing.timeout >= record.lease:
            # This process was stopped since the claim: an answer could come after it ends.
            self._move(record, Change(state="READY", since=self._clock()))
            return
        outcome = self._exchange(self._transport, record)
        proven = verdict(outcome)
        if proven == "done" and isinstance(outcome, Answer):
            self._after_answer(record, outcome)
        elif proven == "not_processed":
            self._move(record, Change(state="READY", since=self._clock()))
            self._wait(_said(outcome), asked=_asked(outcome))
        elif proven == "rejected" and isinstance(outcome, Answer):
            self._after_refusal(record, outcome)
        else:
            self._move(record, Change(state="AMBIGUOUS", since=self._clock()))
            self._wait(_said(outcome))

    def _exchange(self, transport: Transport, record: Record) -> Outcome:
        try:
            return transport.exchange(_request(record), timeout=self._timing.timeout)
        except KeitoConfigError as error:
            # This process may not reach that address: nothing was sent.
            return Failure("not_sent", error)

    def _after_answer(self, record: Record, answer: Answer) -> None:
        entry = _entry(answer)
        if entry is None or _key(entry) != record.key:
            self._move(record, Change(state="AMBIGUOUS", since=self._clock()))
            self._wait("an answer that is not Keito's")
            return
        self._failures = 0
        self.last_error = None
        changed = _changed(record, entry)
        if changed:
            _log.warn("changed", f"Keito stored another {', '.join(changed)} than was sent")
        self._move(
            record,
            Change(
                state="DONE",
                since=self._clock(),
                remote=str(entry.get("id", "")),
                reason=f"changed_by_server: {', '.join(changed)}" if changed else None,
            ),
        )

    def _after_refusal(self, record: Record, answer: Answer) -> None:
        now = self._clock()
        said = _said(answer)
        self.last_error = said
        if answer.status == 401:
            self._holds.hold_credential(until=now + self._timing.hold)
            self._move(record, Change(state="READY", since=now))
            _log.warn("401", "Keito refuses the API key: records are kept and tried again later")
        elif answer.status == 403:
            self._holds.hold_project(record.project, until=now + self._timing.hold)
            self._move(record, Change(state="READY", since=now))
            _log.warn(
                f"403 {record.project}",
                f"Keito forbids entries on project {record.project}: its records are kept and "
                "tried again later",
            )
        else:
            self._move(record, Change(state="PARKED", since=now, reason=said))
            _log.warn("parked", f"Keito refuses a record ({said}): it is kept, please look at it")

    def _move(self, record: Record, change: Change) -> None:
        if not self._outbox.change(record, change):
            _log.warn("overtaken", "another courier took a record over while it was being sent")

    def _wait(self, said: str, *, asked: float | None = None) -> None:
        self._failures += 1
        self.last_error = said
        _log.warn("unreachable", f"Keito can't take records now ({said}): they are kept meanwhile")
        longest = min(
            self._timing.backoff_most, self._timing.backoff * 2 ** min(self._failures - 1, 30)
        )
        pause = asked if asked is not None else longest * (0.5 + self._chance() / 2)
        self._resume_at = self._clock() + pause


def _transport(destination: Destination, timing: Timing) -> Transport | None:
    if not destination.complete:
        return None
    try:
        config = configure(
            api_key=destination.api_key,
            account_id=destination.account_id,
            base_url=destination.base_url,
            timeout=timing.timeout,
        )
    except KeitoConfigError as error:
        _log.warn("config", f"records are kept and nothing is sent: {error}")
        return None
    return Transport(config)


def _request(record: Record) -> Request[object]:
    body = _json.loads(record.payload)
    assert isinstance(body, dict)
    return Request("POST", PATH, object, body=body, key=record.key)


def _entry(answer: Answer) -> dict[str, object] | None:
    try:
        entry = _json.loads(answer.content)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _key(entry: dict[str, object]) -> object:
    metadata = entry.get("metadata")
    return metadata.get("keito_key") if isinstance(metadata, dict) else None


def _changed(record: Record, entry: dict[str, object]) -> list[str]:
    """List what the server stored otherwise than it was sent."""
    sent = _json.loads(record.payload)
    assert isinstance(sent, dict)
    names = ("project_id", "task_id", "user_id", "spent_date", "hours", "billable")
    return [n for n in names if n in sent and n in entry and sent[n] != entry[n]]


def _said(outcome: Outcome) -> str:
    if isinstance(outcome, Answer):
        return f"HTTP {outcome.status}"
    return f"{outcome.kind.replace('_', ' ')}, {type(outcome.error).__name__}"


def _asked(outcome: Outcome) -> float | None:
    return retry_after(outcome.headers) if isinstance(outcome, Answer) else None
