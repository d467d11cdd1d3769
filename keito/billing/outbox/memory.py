"""An outbox in memory: for tests, and for what needs no trace after the process."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from .line import Line
from .record import Change, Counts, Record


class MemoryOutbox:
    """Keeps records in this process; they are gone when it ends."""

    durable = False

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._filing = threading.Lock()
        self._journal: dict[int, Line] = {}
        self._last_id = 0
        self._owners: dict[str, float] = {}
        self._records: dict[str, Record] = {}
        self._contracts: dict[str, str] = {}

    def join(self, owner: str, *, until: float) -> None:
        """See `Outbox`."""
        with self._lock:
            self._owners[owner] = until

    def alive(self, owner: str, *, now: float) -> bool:
        """See `Outbox`."""
        with self._lock:
            return self._owners.get(owner, 0.0) > now

    def leave(self, owner: str) -> None:
        """See `Outbox`."""
        with self._lock:
            self._owners.pop(owner, None)

    def last_sign(self, owner: str) -> float:
        """See `Outbox`; the lease is all there is to go by here."""
        with self._lock:
            return self._owners.get(owner, 0.0)

    def append(self, line: Line, *, wait: float | None = None) -> None:
        """See `Outbox`."""
        with self._lock:
            self._last_id += 1
            self._journal[self._last_id] = line._replace(id=self._last_id)

    def arrivals(self, *, limit: int) -> list[Line]:
        """See `Outbox`."""
        with self._lock:
            lines = list(self._journal.values())
        found = [line for line in lines if line.kind in ("contract", "outcome", "finish")][:limit]
        runs = {line.run for line in found}
        return [line for line in lines if line.kind == "start" and line.run in runs] + found

    def orphans(self, *, now: float) -> list[list[Line]]:
        """See `Outbox`."""
        with self._lock:
            lines = list(self._journal.values())
        finished = {line.run for line in lines if line.kind == "finish"}
        starts = [line for line in lines if line.kind == "start" and line.run not in finished]
        gone = [start.run for start in starts if not self.alive(start.owner, now=now)]
        return [[line for line in lines if line.run == run] for run in gone]

    @contextmanager
    def filing_turn(self) -> Iterator[bool]:
        """See `Outbox`."""
        mine = self._filing.acquire(blocking=False)
        try:
            yield mine
        finally:
            if mine:
                self._filing.release()

    def file(
        self,
        records: Sequence[Record],
        *,
        contracts: Mapping[str, str],
        lines: Sequence[int],
        runs: Collection[str],
    ) -> None:
        """See `Outbox`."""
        with self._lock:
            self._contracts.update(contracts)
            for record in records:
                self._records.setdefault(record.key, record)
            done = [
                id
                for id, line in self._journal.items()
                if id in lines or (line.run in runs and line.kind != "outcome")
            ]
            for id in done:
                del self._journal[id]

    def contract(self, id: str) -> str | None:
        """See `Outbox`."""
        with self._lock:
            return self._contracts.get(id)

    def recorded(self, run: str) -> bool:
        """See `Outbox`."""
        with self._lock:
            return any(r.run == run and r.kind == "run" for r in self._records.values())

    def attempts(self, work: str, *, destination: str, run: str) -> tuple[int, bool]:
        """See `Outbox`."""
        with self._lock:
            others = [
                record
                for record in self._records.values()
                if (record.work, record.destination, record.kind) == (work, destination, "run")
                and record.run != run
            ]
        return len({other.run for other in others}), any(other.charged for other in others)

    def claim(
        self, destination: str, *, owner: str, now: float, lease: float, without: Collection[str]
    ) -> Record | None:
        """See `Outbox`."""
        with self._lock:
            for record in sorted(self._records.values(), key=lambda record: record.made):
                if record.destination != destination or record.state != "READY" or record.held:
                    continue
                if record.project not in without:
                    return self._store(
                        replace(
                            record,
                            state="SENDING",
                            owner=owner,
                            since=now,
                            lease=lease,
                            fence=record.fence + 1,
                            attempts=record.attempts + 1,
                            absent=None,
                        )
                    )
        return None

    def change(self, record: Record, change: Change) -> bool:
        """See `Outbox`."""
        with self._lock:
            stored = self._records.get(record.key)
            if stored is None or (stored.fence, stored.owner) != (record.fence, record.owner):
                return False
            said = {n: getattr(change, n) for n in ("reason", "remote", "absent")}
            given = {name: value for name, value in said.items() if value is not None}
            self._store(
                replace(
                    stored,
                    state=change.state,
                    since=change.since,
                    owner="",
                    fence=stored.fence + 1,
                    **given,
                )
            )
        return True

    def take_over(self, destination: str, *, owner: str, now: float) -> int:
        """See `Outbox`."""
        with self._lock:
            lost = [
                record
                for record in self._records.values()
                if record.destination == destination
                and record.state == "SENDING"
                and record.lease < now
                and (record.owner == owner or not self.alive(record.owner, now=now))
            ]
            for record in lost:
                self.change(record, Change(state="AMBIGUOUS", since=record.lease))
        return len(lost)

    def ambiguous(self, destination: str) -> list[Record]:
        """See `Outbox`."""
        with self._lock:
            return [
                record
                for record in self._records.values()
                if record.destination == destination and record.state == "AMBIGUOUS"
            ]

    def release(self, destination: str) -> int:
        """See `Outbox`."""
        with self._lock:
            held = [r for r in self._records.values() if r.destination == destination and r.held]
            for record in held:
                self._store(replace(record, held=False))
        return len(held)

    def prune(self, *, before: float) -> None:
        """See `Outbox`."""
        with self._lock:
            old = [r for r in self._records.values() if r.state == "DONE" and r.since < before]
            for record in old:
                del self._records[record.key]

    def counts(self, destination: str) -> Counts:
        """See `Outbox`."""
        with self._lock:
            own = [r for r in self._records.values() if r.destination == destination]
            waiting = [
                line for line in self._journal.values() if line.kind in ("outcome", "finish")
            ]
        to_send = [r for r in own if r.state in ("READY", "SENDING", "AMBIGUOUS") and not r.held]
        return Counts(
            states=dict(Counter(record.state for record in own)),
            held=sum(record.held for record in own),
            journal=len(waiting),
            oldest=min((record.made for record in to_send), default=None),
        )

    def for_child(self) -> MemoryOutbox:
        """See `Outbox`: the parent delivers what it recorded, so the child starts empty."""
        return MemoryOutbox()

    def close(self) -> None:
        """See `Outbox`."""

    def _store(self, record: Record) -> Record:
        self._records[record.key] = record
        return record
