"""Records in memory; see `Store` for what each of these does."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from .record import ATTEMPTS, UNDELIVERED, Change, Due, Record, State

_TO_SEND: tuple[State, ...] = ("READY", "SENDING", "AMBIGUOUS")


class MemoryRecords:
    """Keeps records and contracts; its lock makes threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._records: dict[str, Record] = {}
        self._contracts: dict[str, str] = {}

    def add(
        self,
        records: Sequence[Record],
        contracts: Mapping[str, str],
        expensed: Mapping[str, str],
    ) -> None:
        """Store records and contracts, except those whose key is known."""
        with self._lock:
            self._contracts.update(contracts)
            for record in records:
                self._records.setdefault(record.key, record)
            for key, by in expensed.items():
                self._store(replace(self._records[key], expense=by))

    def contract(self, id: str) -> str | None:
        """See `Store`."""
        with self._lock:
            return self._contracts.get(id)

    def recorded(self, run: str) -> bool:
        """See `Store`."""
        with self._lock:
            return any(r.run == run and r.kind == "run" for r in self._records.values())

    def attempts(self, work: str, *, destination: str, run: str) -> tuple[int, bool]:
        """See `Store`."""
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
        """See `Store`."""
        with self._lock:
            return self._records.get(key)

    def of_run(self, run: str) -> list[Record]:
        """See `Store`."""
        with self._lock:
            return _by_age(r for r in self._records.values() if r.run == run)

    def of_day(self, destination: str, day: str) -> list[Record]:
        """See `Store`."""
        with self._lock:
            records = list(self._records.values())
        return [r for r in records if (r.destination, r.day) == (destination, day)]

    def tally(self, name: str) -> int:
        """See `Store`."""
        with self._lock:
            return sum(r.amount for r in self._records.values() if r.tally == name != "")

    def last(self, tally: str) -> Record | None:
        """See `Store`."""
        with self._lock:
            made = [r for r in self._records.values() if r.tally == tally != ""]
        return made[-1] if made else None

    def costs_due(self, destination: str, *, before: str) -> list[Due]:
        """See `Store`."""
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
        """See `Store`."""
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
        """See `Store`."""
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
        """See `Store`."""
        with self._lock:
            if any(self._records.get(record.key) != record for record in old):
                return False
            left = {k: r for k, r in self._records.items() if k not in {o.key for o in old}}
            known = [record.key for record in new if record.key in left]
            if known:
                raise KeyError(f"there are records with these keys: {', '.join(known)}")
            self._records = left | {record.key: record for record in new}
        return True

    def in_state(self, destination: str, *states: State) -> list[Record]:
        """See `Store`."""
        with self._lock:
            return _by_age(
                record
                for record in self._records.values()
                if record.destination == destination and record.state in states
            )

    def release(self, destination: str) -> int:
        """See `Store`."""
        with self._lock:
            held = [r for r in self._records.values() if r.destination == destination and r.held]
            for record in held:
                self._store(replace(record, held=False))
        return len(held)

    def prune(self, *, before: float) -> None:
        """See `Store`."""
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

    def counts(self, destination: str) -> tuple[dict[State, int], int, float | None]:
        """Count by state; how many are held; when the oldest to be sent was made."""
        with self._lock:
            own = [r for r in self._records.values() if r.destination == destination]
        made = [record.made for record in own if record.state in UNDELIVERED and not record.held]
        held = sum(record.held for record in own if record.state != "DONE")
        return dict(Counter(record.state for record in own)), held, min(made, default=None)

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
