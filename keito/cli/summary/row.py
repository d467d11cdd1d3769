"""The sums of one agent, project and client, in one currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from ..._money import Sum

if TYPE_CHECKING:
    from ...types.expense import Expense
    from ...types.time_entry import TimeEntry

DOLLARS = "USD"


class Group(NamedTuple):
    """What entries are added up by; an empty text is everything, None is unknown."""

    client: str | None
    project: str | None
    agent: str | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was done and earned.

    Attributes:
        client: Its name; empty if all are added up, None if it can't be seen.
        project: As `client`.
        agent: As `client`.
        currency: Of the revenue: the client's; None if it can't be seen.
        revenue: Of time and outcomes together; None when a rate or a price is missing.
        revenue_unknown: How many entries have no rate or price.
        expenses: What is billed to the client besides, in its currency; not part of the revenue.
        expenses_unbilled: Expenses that are recorded and not billed to the client.
        expenses_unknown: How many expenses have no amount; they are in neither.
        llm_cost_usd: What the model calls cost, as far as it is known; None if nothing is.
        llm_calls_unpriced: How many model calls have no known cost.
        margin: Revenue less LLM cost, only where both are known and in the same currency; expenses
            are not part of it, since what they cost is not known.
    """

    client: str | None
    project: str | None
    agent: str | None
    hours: Decimal
    billable_hours: Decimal
    outcomes: int
    outcomes_successful: int
    currency: str | None
    revenue: Decimal | None
    revenue_unknown: int
    expenses: Decimal
    expenses_unbilled: Decimal
    expenses_unknown: int
    llm_cost_usd: Decimal | None
    llm_calls_unpriced: int
    margin: Decimal | None


class Adding:
    """Adds up the entries and expenses of one row."""

    def __init__(self) -> None:
        from ...types.agent_summary import Summing

        self._work = Summing()
        self._cost = Sum()
        self._expenses = {True: Sum(), False: Sum()}
        self._without_amount = 0
        self._priced = False
        self._unpriced = 0

    def add(self, entry: TimeEntry, cost: Decimal | None, unpriced: int) -> None:
        """Count an entry, what its model calls cost, and how many of them have no known cost."""
        self._work.add(entry)
        self._unpriced += unpriced
        if cost is not None:
            self._cost.add(cost)
            self._priced = True

    def add_expense(self, expense: Expense) -> None:
        """Count an expense."""
        if expense.total_cost is None:
            self._without_amount += 1
        else:
            self._expenses[bool(expense.billable)].add(expense.total_cost)

    def row(self, group: Group) -> Row:
        """Return what has been added up."""
        total = self._work.total()
        revenue = total.combined.total_revenue
        cost = self._cost.amount if self._priced or not self._unpriced else None
        same = group.currency == DOLLARS and revenue is not None and self._unpriced == 0
        return Row(
            **group._asdict(),
            hours=total.time.total_hours,
            billable_hours=total.time.billable_hours,
            outcomes=total.outcomes.total,
            outcomes_successful=total.outcomes.successful,
            revenue=revenue,
            revenue_unknown=total.time.without_rate + total.outcomes.without_price,
            expenses=self._expenses[True].amount,
            expenses_unbilled=self._expenses[False].amount,
            expenses_unknown=self._without_amount,
            llm_cost_usd=cost,
            llm_calls_unpriced=self._unpriced,
            margin=revenue - cost if same and revenue is not None and cost is not None else None,
        )
