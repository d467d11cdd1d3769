"""What an agent earned, added up from its time entries.

The API has no such report: it is a convention over time entries. An entry is an outcome when
its metadata says so; one with hours too counts in both halves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .._money import Sum
from .time_entry import TimeEntry


@dataclass(frozen=True, slots=True)
class TimeSummary:
    """Work by the hour.

    Attributes:
        total_hours: All hours.
        billable_hours: Hours to charge.
        revenue: What the billable hours earn at their rates; None when a rate is missing.
        without_rate: How many billable entries have hours but no rate.
    """

    total_hours: Decimal
    billable_hours: Decimal
    revenue: Decimal | None
    without_rate: int


@dataclass(frozen=True, slots=True)
class OutcomeSummary:
    """Work by the piece.

    Attributes:
        total: How many outcomes were logged.
        successful: How many of them succeeded.
        revenue: What the successful, billable ones earn; None when a price is missing.
        without_price: How many successful, billable outcomes have no price.
    """

    total: int
    successful: int
    revenue: Decimal | None
    without_price: int


@dataclass(frozen=True, slots=True)
class CombinedSummary:
    """Both halves.

    Attributes:
        total_revenue: None when either half's revenue is unknown.
    """

    total_revenue: Decimal | None


@dataclass(frozen=True, slots=True)
class AgentSummary:
    """What an agent earned in a period.

    Amounts are in the currency of the entries' clients, which Keito doesn't tell with an entry.
    """

    time: TimeSummary
    outcomes: OutcomeSummary
    combined: CombinedSummary


class Summing:
    """Adds entries up, in any order, without rounding."""

    def __init__(self) -> None:
        self._hours = Sum()
        self._billable_hours = Sum()
        self._time_revenue = Sum()
        self._outcomes = 0
        self._successful = 0
        self._outcome_revenue = Sum()

    def add(self, entry: TimeEntry) -> None:
        """Count one entry."""
        self._add_time(entry)
        metadata = entry.metadata or {}
        if metadata.get("outcome_type"):
            self._add_outcome(entry, metadata)

    def total(self) -> AgentSummary:
        """Return what has been added up."""
        time, outcomes = self._time_revenue, self._outcome_revenue
        known = time.known and outcomes.known
        return AgentSummary(
            TimeSummary(self._hours.amount, self._billable_hours.amount, time.total, time.unknown),
            OutcomeSummary(self._outcomes, self._successful, outcomes.total, outcomes.unknown),
            CombinedSummary(time.amount + outcomes.amount if known else None),
        )

    def _add_time(self, entry: TimeEntry) -> None:
        hours = entry.hours or Decimal(0)
        self._hours.add(hours)
        if not entry.billable or not hours:
            return
        self._billable_hours.add(hours)
        self._time_revenue.add_product(hours, entry.billable_rate)

    def _add_outcome(self, entry: TimeEntry, metadata: Mapping[str, object]) -> None:
        self._outcomes += 1
        if metadata.get("outcome_success") is not True:
            return
        self._successful += 1
        if entry.billable:
            price = _number(metadata.get("outcome_unit_price"))
            quantity = _number(metadata.get("outcome_quantity", 1))
            self._outcome_revenue.add_product(price, quantity)


def _number(value: object) -> Decimal | None:
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Decimal(value)
    return None
