"""Settling: asking Keito what became of the records whose answers were lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .. import _json
from .._request import Request
from .._transport import Answer, Transport
from . import _log
from .outbox.port import Outbox
from .outbox.record import Change, Record
from .timing import Timing

PATH = "/api/v2/time_entries"
PER_PAGE = 2000
_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a listing showed: the ids of the entries with each key, oldest first."""

    ids: dict[str, list[str]]


class Settling:
    """Settles all the AMBIGUOUS records of a project and day with one listing."""

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        destination: str,
        *,
        timing: Timing,
        clock: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._destination = destination
        self._timing = timing
        self._clock = clock
        self._look_at: dict[_Place, float] = {}

    def step(self) -> float:
        """Settle what is due; return after how many seconds something will be."""
        places: dict[_Place, list[Record]] = {}
        for record in self._outbox.ambiguous(self._destination):
            places.setdefault((record.project, record.day), []).append(record)
        for place in [p for p in self._look_at if p not in places]:
            del self._look_at[place]
        waits = [self._place(place, records) for place, records in places.items()]
        return max(0.0, min(waits, default=self._timing.poll))

    def _place(self, place: _Place, records: list[Record]) -> float:
        now = self._clock()
        wait = max(self._next_look(records), self._look_at.get(place, 0.0)) - now
        if wait > 0:
            return wait
        due = [record for record in records if self._due(record) <= now]
        seen = self._list(*place)
        if seen is None:
            _log.warn("listing", "Keito can't be asked what became of lost answers: asking again")
            self._look_at[place] = self._clock() + self._timing.look_again
        else:
            for record in due:
                self._settle(record, seen.ids.get(record.key, []))
        return 0.0

    def _next_look(self, records: list[Record]) -> float:
        # The first waits a little for those that are due soon after it, so that one listing settles
        # them all, but not for ever, however long failures go on.
        dues = sorted(self._due(record) for record in records)
        return max(due for due in dues if due <= dues[0] + self._timing.look_again)

    def _due(self, record: Record) -> float:
        if record.absent is not None:
            return record.absent + self._timing.look_again
        return record.since + self._timing.settle

    def _settle(self, record: Record, found: list[str]) -> None:
        now = self._clock()
        if len(found) > 1:
            _log.warn("doubled", f"Keito has {len(found)} entries with the key {record.key}")
        if found:
            reason = f"found {len(found)} times: {', '.join(found)}" if len(found) > 1 else None
            self._outbox.change(
                record, Change(state="DONE", since=now, remote=found[0], reason=reason)
            )
        elif record.absent is None:
            self._outbox.change(record, Change(state="AMBIGUOUS", since=record.since, absent=now))
        else:
            self._outbox.change(record, Change(state="READY", since=now))

    def _list(self, project: str, day: str) -> Seen | None:
        """Read a day of a project completely; None if that can't be done now."""
        rows: dict[str, dict[str, object]] = {}
        page = 1
        while True:
            envelope = self._page(project, day, page)
            if envelope is None:
                return None
            entries = envelope.get("time_entries")
            pages, total = envelope.get("total_pages"), envelope.get("total_entries")
            if not (
                isinstance(entries, list) and isinstance(pages, int) and isinstance(total, int)
            ):
                return None
            rows.update((str(e.get("id")), e) for e in entries if isinstance(e, dict))
            if page >= pages:
                # Fewer than there are: something was deleted while reading, and a row moved to a
                # page that had been read already. More is harmless.
                return _seen(rows) if len(rows) >= total else None
            page += 1

    def _page(self, project: str, day: str, page: int) -> dict[str, object] | None:
        params: dict[str, object] = {
            "project_id": project,
            "from": day,
            "to": day,
            "per_page": PER_PAGE,
            "page": page,
        }
        answer = self._transport.exchange(
            Request("GET", PATH, object, params=params), timeout=self._timing.timeout
        )
        if not isinstance(answer, Answer) or answer.status != 200:
            return None
        try:
            envelope = _json.loads(answer.content)
        except ValueError:
            return None
        return envelope if isinstance(envelope, dict) else None


def _seen(rows: dict[str, dict[str, object]]) -> Seen:
    ids: dict[str, list[str]] = {}
    for row in sorted(rows.values(), key=lambda row: str(row.get("created_at"))):
        metadata = row.get("metadata")
        if isinstance(metadata, dict) and "keito_key" in metadata:
            ids.setdefault(str(metadata["keito_key"]), []).append(str(row.get("id")))
    return Seen(ids)
