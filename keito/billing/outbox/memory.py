"""An outbox in memory: for tests, and for what needs no trace after the process."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from .line import ARRIVING, SINGLE, Line
from .memory_records import MemoryRecords
from .record import Counts, Record
from .with_records import WithRecords


class MemoryOutbox(WithRecords):
    """Keeps records in this process; they are gone when it ends."""

    durable = False
    remote = False

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._filing = threading.Lock()
        self._journal: dict[int, Line] = {}
        self._last_id = 0
        self._owners: dict[str, float] = {}
        self._kept = MemoryRecords()

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

    def lines(self, run: str) -> list[Line]:
        """See `Outbox`."""
        with self._lock:
            return [line for line in self._journal.values() if line.run == run]

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
        found = [line for line in lines if line.kind in ARRIVING][:limit]
        runs = {line.run for line in found}
        return [line for line in lines if line.kind == "start" and line.run in runs] + found

    def orphans(self, *, now: float) -> list[list[Line]]:
        """See `Outbox`."""
        with self._lock:
            lines = list(self._journal.values())
        finished = {line.run for line in lines if line.kind == "finish"}
        unfinished = {
            line.run: line.owner
            for line in lines
            # Of a run that was filed when its process was taken for dead, the start is gone.
            if line.kind in ("start", "ended") and line.run not in finished
        }
        gone = [run for run, owner in unfinished.items() if not self.alive(owner, now=now)]
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
        expensed: Mapping[str, str] | None = None,
    ) -> None:
        """See `Outbox`."""
        self._kept.add(records, contracts, expensed or {})
        with self._lock:
            done = [
                id
                for id, line in self._journal.items()
                if id in lines or (line.run in runs and line.kind not in SINGLE)
            ]
            for id in done:
                del self._journal[id]

    def counts(self, destination: str) -> Counts:
        """See `Outbox`."""
        # In this order nothing that is filed in between is missed.
        with self._lock:
            arriving = [line.kind for line in self._journal.values() if line.kind in ARRIVING]
        states, held, oldest = self._kept.counts(destination)
        journal = len(arriving) - arriving.count("contract")
        return Counts(states=states, held=held, journal=journal, oldest=oldest)

    def for_child(self) -> MemoryOutbox:
        """See `Outbox`: the parent delivers what it recorded, so the child starts empty."""
        return MemoryOutbox()

    def close(self) -> None:
        """See `Outbox`."""

    @property
    def _records(self) -> MemoryRecords:
        return self._kept
