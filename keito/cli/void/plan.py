"""What would be voided, and what has to be left to a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..period import Period
from ..record import Shown, shown
from .shares import Share, session_of, shares

if TYPE_CHECKING:
    from ..._sync.client import Keito
    from ...billing.outbox.record import Record
    from ...types.expense import Expense
    from ...types.time_entry import TimeEntry

_FIXED = {"is_billed": "it is billed", "is_closed": "it is approved", "is_locked": "it is locked"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which work is meant; what is None does not matter.

    Attributes:
        days: When it was done.
        run: By which run.
        session: In which session.
        project: On which project.
    """

    days: Period
    run: str | None = None
    session: str | None = None
    project: str | None = None

    def holds(self, metadata: Mapping[str, Any]) -> bool:
        """Whether an agent's entry with this metadata is meant."""
        return (self.run is None or metadata.get("run_id") == self.run) and (
            self.session is None or metadata.get("session_id") == self.session
        )

    def includes(self, record: Record) -> bool:
        """Whether a record of this outbox is meant."""
        in_days = not record.day or str(self.days.first) <= record.day <= str(self.days.last)
        on_project = self.project in (None, record.project)
        said = {"run_id": record.run, "session_id": session_of(record)}
        return in_days and on_project and self.holds(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry or an expense in Keito; `why` says why it is left to a person."""

    id: str
    kind: str
    day: date | None
    project_id: str
    notes: str | None
    hours: Decimal | None = None
    total_cost: Decimal | None = None
    why: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be done.

    Attributes:
        days: The days that were looked through.
        to_void: Entries that are charged now.
        for_a_person: What is charged and can't be changed here, with the reason.
        shares: What the runs have in entries of a whole day, for a person, too.
        unsent: Records that this outbox would still send.
        not_charged: How many entries are not charged anyway.
        below: How many other runs were started by the one that is voided.
    """

    days: Period
    to_void: Sequence[Item]
    for_a_person: Sequence[Item]
    shares: Sequence[Share]
    unsent: Sequence[Shown]
    not_charged: int
    below: int


def plan(
    client: Keito, choice: Choice, records: Sequence[Record], tell: Callable[[str], None]
) -> Plan:
    """Look up what is meant, here and in Keito; nothing is changed.

    Args:
        client: Whose entries.
        choice: Which are meant.
        records: What this outbox has.
        tell: Called with how far it is.
    """
    meant = list(_counted(_items(client, choice), tell))
    charged = [item for item, billable in meant if billable]
    return Plan(
        days=choice.days,
        to_void=[item for item in charged if item.why is None],
        for_a_person=[item for item in charged if item.why is not None],
        shares=shares(records, choice),
        unsent=[shown(record) for record in records if _unsent(record, choice)],
        not_charged=len(meant) - len(charged),
        below=_below(client, choice),
    )


def _items(client: Keito, choice: Choice) -> Iterator[tuple[Item, bool]]:
    first, last, project = choice.days.first, choice.days.last, choice.project
    entries = client.time_entries.list(
        from_date=first, to_date=last, project_id=project, source="agent"
    )
    for entry in entries:
        if choice.holds(entry.metadata or {}):
            yield _of_entry(entry), entry.billable is not False
    expenses = client.expenses.list(
        from_date=first, to_date=last, project_id=project, source="agent"
    )
    for expense in expenses:
        if choice.holds(expense.metadata or {}):
            yield _of_expense(expense), expense.billable is not False


def _of_entry(entry: TimeEntry) -> Item:
    fixed = [said for name, said in _FIXED.items() if getattr(entry, name)]
    if entry.is_running:
        fixed.append("its timer runs")
    return Item(
        id=entry.id,
        kind="outcome" if (entry.metadata or {}).get("outcome_type") else "time",
        day=entry.spent_date,
        project_id=entry.project_id,
        notes=entry.notes,
        hours=entry.hours,
        why=" and ".join(fixed) or None,
        metadata=entry.metadata or {},
    )


def _of_expense(expense: Expense) -> Item:
    return Item(
        id=expense.id,
        kind="expense",
        day=expense.spent_date,
        project_id=expense.project_id,
        notes=expense.notes,
        total_cost=expense.total_cost,
        why="the API can't change expenses",
    )


def _unsent(record: Record, choice: Choice) -> bool:
    # What is FOLDED goes with its total, and is a share of that.
    if record.state in ("DONE", "DROPPED", "FOLDED") or record.kind in ("correction", "unreadable"):
        return False
    return choice.includes(record)


def _below(client: Keito, choice: Choice) -> int:
    if choice.run is None:
        return 0
    days = choice.days
    entries = client.time_entries.list(from_date=days.first, to_date=days.last, source="agent")
    said = [entry.metadata or {} for entry in entries]
    return len({one.get("run_id") for one in said if one.get("parent_run_id") == choice.run})


def _counted(
    items: Iterator[tuple[Item, bool]], tell: Callable[[str], None]
) -> Iterator[tuple[Item, bool]]:
    for number, item in enumerate(items, start=1):
        tell(f"({number} found)")
        yield item
