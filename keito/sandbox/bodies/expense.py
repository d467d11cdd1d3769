"""What is sent to make expenses."""

from __future__ import annotations

from ..records import Metadata
from ..records.fields import ExpenseSource
from .fields import Body, Cost, Day, Maybe, Units


class ExpenseCreate(Body):
    """A new expense, with its cost or a number of units of its category."""

    project_id: str
    expense_category_id: str
    spent_date: Day
    total_cost: Maybe[Cost] = None
    units: Maybe[Units] = None
    notes: Maybe[str] = None
    billable: Maybe[bool] = None
    source: Maybe[ExpenseSource] = None
    metadata: Metadata | None = None
