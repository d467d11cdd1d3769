"""The sweep: a day as this outbox has it, compared both ways with what Keito has.

It is the check on what delivery assumes: that no request is carried out later than the settle time,
and that lists show by then what was made. It changes nothing, here or there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta, timezone

from .._config import configure
from .._errors import KeitoInputError
from .._transport import Transport
from .destination import Destination
from .listing import Exchange, listed
from .outbox.port import Outbox
from .outbox.record import Record, State
from .refusal import kind_of
from .sweep_report import Finding, SweepReport, What
from .timing import Timing
from .wire import Collection, Item, collection_of, key_of, metadata_of, read

_NOT_IN_KEITO: tuple[State, ...] = ("READY", "PARKED", "UNROUTED", "DROPPED")
# Nowhere does a day begin earlier before the same day in UTC.
_EARLIEST_MIDNIGHT = timedelta(hours=14)


class Sweep:
    """Compares days.

    Args:
        outbox: What was delivered, and what still waits.
        destination: Whose records; see `Destination.id`.
        exchange: Sends a request once.
        timing: How long delivered records are kept, and after how long a list shows them.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        outbox: Outbox,
        destination: str,
        exchange: Exchange,
        *,
        timing: Timing,
        clock: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._destination = destination
        self._exchange = exchange
        self._timing = timing
        self._clock = clock

    def day(self, day: str) -> SweepReport:
        """Compare a day, project by project.

        Args:
            day: `YYYY-MM-DD`.

        Raises:
            KeitoInputError: It is no day, or so long ago that what was delivered is not known here
                any more.
        """
        steps = self.steps(day)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                report: SweepReport = end.value
                return report

    def steps(self, day: str) -> Generator[None, None, SweepReport]:
        """Compare a day as `day` does, in steps of one listing each, between which to wait."""
        self._check(day)
        at = self._clock()
        places = self._places(day)
        findings: list[Finding] = []
        unlisted: dict[str, str] = {}
        count = 0
        for (collection, project), records in places.items():
            yield
            items = listed(self._exchange, collection, project=project, day=day)
            if not isinstance(items, list):
                unlisted[project] = kind_of(items)
                continue
            keyed = [item for item in items if isinstance(key_of(item), str)]
            count += len(keyed)
            findings += self._compare(collection, project, records, keyed)
        return SweepReport(
            day=day,
            at=at,
            compared=sum(len(records) for records in places.values()),
            listed=count,
            findings=tuple(findings),
            unlisted=unlisted,
        )

    def _check(self, day: str) -> None:
        try:
            began = datetime.fromordinal(date.fromisoformat(day).toordinal())
        except ValueError:
            raise KeitoInputError(f"sweep: {day!r} is no day like 2026-03-05") from None
        earliest = began.replace(tzinfo=timezone.utc) - _EARLIEST_MIDNIGHT
        if earliest.timestamp() < self._clock() - self._timing.keep:
            raise KeitoInputError(f"sweep: what was delivered on {day} is not kept any more")

    def _places(self, day: str) -> dict[tuple[Collection, str], list[Record]]:
        places: dict[tuple[Collection, str], list[Record]] = {}
        for record in self._outbox.of_day(self._destination, day):
            # What goes with another record has no item of its own; what nobody routed has no place.
            if record.project and not record.after:
                places.setdefault((collection_of(record), record.project), []).append(record)
        return places

    def _compare(
        self,
        collection: Collection,
        project: str,
        records: Sequence[Record],
        items: Sequence[Item],
    ) -> Iterator[Finding]:
        there: dict[str, list[Item]] = {}
        for item in items:
            there.setdefault(str(key_of(item)), []).append(item)

        def finding(what: What, key: str, detail: str = "") -> Finding:
            ids = tuple(str(item.get("id")) for item in there.get(key, ()))
            return Finding(
                what=what,
                list=collection.items,
                project_id=project,
                key=key,
                ids=ids,
                detail=detail,
            )

        for record in records:
            if record.key not in there and self._missing(record):
                yield finding("missing", record.key, f"was {record.remote}")
        for key, found in there.items():
            if len(found) > 1:
                yield finding("doubled", key, f"{len(found)} times")
            what, detail = self._about(key, found[0])
            if what is not None:
                yield finding(what, key, detail)

    def _about(self, key: str, item: Item) -> tuple[What | None, str]:
        # Looked up after the listing: a record is here before it is sent.
        record = self._outbox.find(key)
        if record is None:
            return ("foreign", _made(item)) if _by_a_recorder(item) else (None, "")
        if record.state in _NOT_IN_KEITO:
            return "undelivered", f"is {record.state} here"
        changes = self._changes(record, item) if record.state == "DONE" else []
        return ("changed", ", ".join(changes)) if changes else (None, "")

    def _missing(self, record: Record) -> bool:
        # What came to less than a cent, say, is done and was never sent. A list shows what was made
        # by the settle time only.
        sent = record.state == "DONE" and record.attempts > 0
        return sent and record.since + self._timing.settle <= self._clock()

    def _changes(self, record: Record, item: Item) -> list[str]:
        """Say what differs from when it was last seen; without that, from what was sent."""
        last = read(self._last_echo(record) or record.payload)
        names = collection_of(record).compared
        return [
            f"{name} {_plain(last[name])} -> {_plain(item[name])}"
            for name in names
            if name in last and name in item and last[name] != item[name]
        ]

    def _last_echo(self, record: Record) -> str:
        corrections = [x for x in self._outbox.of_run(record.run) if x.after == record.key]
        seen = [x.echo for x in (record, *corrections) if x.state == "DONE" and x.echo]
        return seen[-1] if seen else ""


def sweep_now(outbox: Outbox, destination: Destination, day: str, *, timing: Timing) -> SweepReport:
    """Compare a day, with a connection to Keito of its own.

    Raises:
        KeitoConfigError: There is no key or account to ask Keito with.
        KeitoInputError: It is no day, or too long ago.
    """
    config = configure(
        api_key=destination.api_key,
        account_id=destination.account_id,
        base_url=destination.base_url,
        timeout=timing.timeout,
    )
    with closing(Transport(config)) as transport:
        found = Sweep(outbox, destination.id, transport.exchange, timing=timing, clock=time.time)
        return found.day(day)


def _by_a_recorder(item: Item) -> bool:
    """Whether a recorder made it: who creates an entry directly may give it a key, too."""
    return "sdk" in metadata_of(item)


def _made(item: Item) -> str:
    agent = metadata_of(item).get("agent_id")
    created = item.get("created_at")
    said = [f"by {agent}" if agent else "", f"made {created}" if created else ""]
    return ", ".join(word for word in said if word)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
