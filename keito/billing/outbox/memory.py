"""An outbox in memory: for tests, and for what needs no trace after the process."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from .line import ARRIVING, SINGLE, Line
from .record import ATTEMPTS, UNDELIVERED, Change, Counts, Due, Record, State

_TO_SEND: tuple[State, ...] = ("READY", "SENDING", "AMBIGUOUS")


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
        with self._lock:
            self._contracts.update(contracts)
            for record in records:
                self._records.setdefault(record.key, record)
            for key, by in (expensed or {}).items():
                self._store(replace(self._records[key], expense=by))
            done = [
                id
                for id, line in self._journal.items()
                if id in lines or (line.run in runs and line.kind not in SINGLE)
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
                if (record.work, record.destination) == (work, destination)
                and record.kind in ATTEMPTS
                and record.run != run
                and record.state != "UNROUTED"
            ]
        return len({other.run for other in others}), any(
            other.charged or other.expense for other in others
        )

    def find(self, key: str) -> Record | None:
        """See `Outbox`."""
        with self._lock:
            return self._records.get(key)

    def of_run(self, run: str) -> list[Record]:
        """See `Outbox`."""
        with self._lock:
            return _by_age(r for r in self._records.values() if r.run == run)

    def of_day(self, destination: str, day: str) -> list[Record]:
        """See `Outbox`."""
        with self._lock:
            records = list(self._records.values())
        return [r for r in records if (r.destination, r.day) == (destination, day)]

    def tally(self, name: str) -> int:
        """See `Outbox`."""
        with self._lock:
            return sum(r.amount for r in self._records.values() if r.tally == name != "")

    def last(self, tally: str) -> Record | None:
        """See `Outbox`."""
        with self._lock:
            made = [r for r in self._records.values() if r.tally == tally != ""]
        return made[-1] if made else None

    def costs_due(self, destination: str, *, before: str) -> list[Due]:
        """See `Outbox`."""
        with self._lock:
            due = [
                Due(*(getattr(record, name) for name in Due._fields))
                for record in self._records.values()
                if (record.destination, record.expense) == (destination, "due")
                and record.day < before
            ]
        return sorted(due, key=lambda due: (due.project, due.day, due.key))

    def claim(
        self,
        destination: str,
        *,
        owner: str,
        now: float,
        lease: float,
        without: Collection[str],
        epoch: float | None = None,
    ) -> Record | None:
        """See `Outbox`."""
        with self._lock:
            for record in sorted(self._records.values(), key=lambda record: record.made):
                if record.destination != destination or record.state != "READY" or record.held:
                    continue
                if record.project not in without and self._may_go(record):
                    return self._store(
                        replace(
                            record,
                            state="SENDING",
                            owner=owner,
                            since=now,
                            lease=lease,
                            epoch=epoch,
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
            said = {n: getattr(change, n) for n in ("reason", "remote", "absent", "echo")}
            given = {name: value for name, value in said.items() if value is not None}
            self._store(
                replace(
                    stored,
                    state=change.state,
                    since=change.since,
                    epoch=change.epoch,
                    owner="",
                    fence=stored.fence + 1,
                    **given,
                )
            )
        return True

    def replace(self, old: Sequence[Record], new: Sequence[Record]) -> bool:
        """See `Outbox`."""
        with self._lock:
            if any(self._records.get(record.key) != record for record in old):
                return False
            left = {k: r for k, r in self._records.items() if k not in {o.key for o in old}}
            known = [record.key for record in new if record.key in left]
            if known:
                raise KeyError(f"there are records with these keys: {', '.join(known)}")
            self._records = left | {record.key: record for record in new}
        return True

    def take_over(self, over: Sequence[tuple[Record, Change]], *, owner: str, now: float) -> int:
        """See `Outbox`."""
        lost = [(r, c) for r, c in over if r.owner == owner or not self.alive(r.owner, now=now)]
        return sum(self.change(record, change) for record, change in lost)

    def in_state(self, destination: str, state: State) -> list[Record]:
        """See `Outbox`."""
        with self._lock:
            return _by_age(
                record
                for record in self._records.values()
                if record.destination == destination and record.state == state
            )

    def ambiguous(self, destination: str) -> list[Record]:
        """See `Outbox`."""
        return self.in_state(destination, "AMBIGUOUS")

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
            needed = {
                record.run
                for record in self._records.values()
                if record.run and record.state != "DROPPED" and not _is_over(record, before)
            }
            old = [
                record
                for record in self._records.values()
                if _is_over(record, before) and record.run not in needed and record.kind != "cost"
            ]
            for record in old:
                del self._records[record.key]

    def counts(self, destination: str) -> Counts:
        """See `Outbox`."""
        with self._lock:
            own = [r for r in self._records.values() if r.destination == destination]
            waiting = [
                line
                for line in self._journal.values()
                if line.kind in ARRIVING and line.kind != "contract"
            ]
        to_send = [r for r in own if r.state in UNDELIVERED and not r.held]
        return Counts(
            states=dict(Counter(record.state for record in own)),
            held=sum(record.held for record in own if record.state != "DONE"),
            journal=len(waiting),
            oldest=min((record.made for record in to_send), default=None),
        )

    def for_child(self) -> MemoryOutbox:
        """See `Outbox`: the parent delivers what it recorded, so the child starts empty."""
        return MemoryOutbox()

    def close(self) -> None:
        """See `Outbox`."""

    def _may_go(self, record: Record) -> bool:
        if not record.after:
            return True
        base = self._records.get(record.after)
        earlier = [
            other
            for other in self._records.values()
            if other.after == record.after
            and other.state in _TO_SEND
            and (other.made, other.key) < (record.made, record.key)
        ]
        return base is not None and base.state == "DONE" and not earlier

    def _store(self, record: Record) -> Record:
        self._records[record.key] = record
        return record


def _is_over(record: Record, before: float) -> bool:
    return record.state == "DONE" and record.since < before and record.expense != "due"


def _by_age(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda record: (record.made, record.key))
