"""The sandbox's state: every table, one lock, and commits that happen as a whole or not at all."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar, cast

from .clock import Clock, seeded_moment, system_clock, to_millisecond
from .data_file import DataFile
from .records import (
    Assignment,
    Client,
    Contact,
    Expense,
    ExpenseCategory,
    Invoice,
    InvoiceMessage,
    Project,
    Task,
    TimeEntry,
    User,
)
from .table import Record, Table

R = TypeVar("R", bound=Record)

# How many writes a stale list can look back over.
_REMEMBERED_WRITES = 100_000


@dataclass(frozen=True, slots=True)
class Write:
    """One changed record, and what was there before."""

    at: float
    kind: type
    record_id: str
    before: Record | None


class Store:
    """Every record of the account.

    Read and write only with `lock` held: requests run on the server's thread, and a test's own
    calls on others.
    """

    def __init__(
        self, *, seed: int | None = None, clock: Clock | None = None, data: Path | None = None
    ) -> None:
        self.lock = threading.RLock()
        self.assignments = Table(Assignment)
        self.clients = Table(Client)
        self.contacts = Table(Contact)
        self.expense_categories = Table(ExpenseCategory)
        self.expenses = Table(Expense)
        self.invoice_messages = Table(InvoiceMessage)
        self.invoices = Table(Invoice)
        self.projects = Table(Project)
        self.tasks = Table(Task)
        self.time_entries = Table(TimeEntry)
        self.users = Table(User)
        self._tables = {t.kind: t for t in vars(self).values() if isinstance(t, Table)}
        self._seed = seed
        self._clock = clock
        self._salt = secrets.token_hex(8) if seed is None else str(seed)
        self._ids = 0
        self._writes = 0
        self._recent: deque[Write] = deque(maxlen=_REMEMBERED_WRITES)
        self._file = DataFile(data) if data else None
        self._load()

    def now(self) -> datetime:
        """The account's time, to the millisecond."""
        if self._clock:
            return to_millisecond(self._clock())
        if self._seed is not None:
            return seeded_moment(self._writes)
        return to_millisecond(system_clock())

    def new_id(self, prefix: str) -> str:
        """An id that no record has had."""
        with self.lock:
            self._ids += 1
            digest = blake2b(f"{self._salt}/{self._ids}".encode(), digest_size=10)
        return f"{prefix}_{digest.hexdigest()}"

    def table(self, kind: type[R]) -> Table[R]:
        """The table of records of a kind."""
        table: Table[Any] = self._tables[kind]
        return table

    def projects_of(self, client_id: str | None) -> frozenset[str] | None:
        """The ids of a client's projects; None when no client is named."""
        if client_id is None:
            return None
        with self.lock:
            return frozenset(p.id for p in self.projects if p.client.id == client_id)

    def projects_assigned_to(self, user_id: str | None) -> frozenset[str] | None:
        """The ids of the projects a user may record work on; None when no user is named."""
        if user_id is None:
            return None
        with self.lock:
            return frozenset(a.project_id for a in self.assignments if a.user_id == user_id)

    def save(self, *records: Record) -> None:
        """Commit new and changed records together: none of them is ever seen without the others."""
        with self.lock:
            self._writes += 1
            if self._file:
                self._file.save(records, ids=self._ids, writes=self._writes)
            for record in records:
                table = self.table(type(record))
                self._remember(type(record), record.id, table.get(record.id))
                table.put(record)

    def delete(self, record: Record) -> None:
        """Commit a deletion."""
        with self.lock:
            self._writes += 1
            if self._file:
                self._file.delete(record, ids=self._ids, writes=self._writes)
            self._remember(type(record), record.id, record)
            self.table(type(record)).remove(record.id)

    def as_of(self, kind: type[R], seconds_ago: float) -> list[R]:
        """The records of a kind as they were, in the order in which they were made."""
        table = self.table(kind)
        past: dict[str, Record | None] = {record.id: record for record in table}
        for write in reversed(self._recent):
            if write.at <= time.monotonic() - seconds_ago:
                break
            if write.kind is kind:
                past[write.record_id] = write.before
        return [cast("R", record) for record in past.values() if record is not None]

    def clear(self) -> None:
        """Forget every record, as in a new sandbox."""
        with self.lock:
            if self._file:
                self._file.clear()
            for table in self._tables.values():
                table.clear()
            self._recent.clear()
            self._ids = self._writes = 0

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file:
            self._file.close()

    def all(self) -> Iterator[Table[Any]]:
        """Every table."""
        return iter(self._tables.values())

    def _remember(self, kind: type, record_id: str, before: Record | None) -> None:
        self._recent.append(Write(time.monotonic(), kind, record_id, before))

    def _load(self) -> None:
        if self._file is None:
            return
        loaded = self._file.load(self._tables)
        self._ids, self._writes = loaded.ids, loaded.writes
        for record in loaded.records:
            self.table(type(record)).put(record)
