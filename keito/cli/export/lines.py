"""The work of a period, one entry or expense after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from ..names import Names
from ..output import plain
from ..period import Period

if TYPE_CHECKING:
    from ..._sync.client import Keito
    from ...types.expense import Expense
    from ...types.time_entry import TimeEntry

Of = Literal["agents", "everyone"]

COLUMNS = (
    "type",
    "id",
    "spent_date",
    "client",
    "project",
    "task",
    "user",
    "agent",
    "hours",
    "billable",
    "amount",
    "currency",
    "billable_rate",
    "outcome_type",
    "outcome_quantity",
    "outcome_unit_price",
    "expense_category",
    "notes",
    "is_billed",
    "is_locked",
    "source",
    "project_id",
    "run_id",
    "session_id",
    "status",
    "llm_cost_usd",
    "keito_key",
)
_OF_METADATA = ("outcome_type", "outcome_quantity", "outcome_unit_price", "run_id", "session_id")


@dataclass(frozen=True, slots=True)
class Item:
    """An entry or an expense.

    Attributes:
        whole: All that Keito has of it.
        amount: What it earns; None if that is not known.
    """

    type: Literal["time_entry", "expense"]
    whole: Mapping[str, Any]
    client: str | None
    currency: str | None
    amount: Decimal | None

    def line(self) -> dict[str, object]:
        """Return it as one line of JSON has it."""
        own = {"type": self.type, "client": self.client, "currency": self.currency}
        return {**own, "amount": self.amount, **self.whole}

    def row(self) -> list[object]:
        """Return its cells, in the order of `COLUMNS`."""
        metadata = self.whole.get("metadata") or {}
        said: dict[str, object] = {
            **{name: self.whole.get(name) for name in COLUMNS},
            **{name: metadata.get(name) for name in _OF_METADATA},
            **{name: _name(self.whole.get(name)) for name in ("project", "task", "user")},
            "type": self.type,
            "client": self.client,
            "agent": metadata.get("agent_id"),
            "amount": self.amount,
            "currency": self.currency,
            "expense_category": _name(self.whole.get("expense_category")),
            "status": metadata.get("status"),
            "llm_cost_usd": metadata.get("cost_usd"),
            "keito_key": metadata.get("keito_key"),
        }
        return [said[name] for name in COLUMNS]


def items(
    client: Keito, days: Period, names: Names, *, of: Of, tell: Callable[[str], None]
) -> Iterator[Item]:
    """Read the work of a period, entries first.

    Args:
        client: Whose work.
        days: The period.
        names: What the account calls things.
        of: Whether only what agents recorded is meant.
        tell: Called with how far it is.
    """
    source: Literal["agent"] | None = "agent" if of == "agents" else None
    entries = client.time_entries.list(from_date=days.first, to_date=days.last, source=source)
    expenses = client.expenses.list(from_date=days.first, to_date=days.last, source=source)
    number = 0
    for entry in entries:
        yield _of_entry(entry, names)
        tell(f"({(number := number + 1)} written)")
    for expense in expenses:
        yield _of_expense(expense, names)
        tell(f"({(number := number + 1)} written)")


def _of_entry(entry: TimeEntry, names: Names) -> Item:
    from ...types.agent_summary import Summing

    adding = Summing()
    adding.add(entry)
    amount = adding.total().combined.total_revenue
    return Item("time_entry", _whole(entry), *_billed(entry.project_id, names), amount)


def _of_expense(expense: Expense, names: Names) -> Item:
    amount = expense.total_cost if expense.billable else Decimal(0)
    return Item("expense", _whole(expense), *_billed(expense.project_id, names), amount)


def _billed(project_id: str, names: Names) -> tuple[str | None, str | None]:
    return names.client(project_id), names.currency(project_id)


def _whole(item: TimeEntry | Expense) -> dict[str, Any]:
    whole = plain(item.model_dump(exclude_none=True))
    assert isinstance(whole, dict)
    return whole


def _name(value: object) -> object:
    return value.get("name") or value.get("id") if isinstance(value, Mapping) else None
