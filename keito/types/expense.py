"""Expenses: what was spent on a project."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

from pydantic import with_config
from typing_extensions import NotRequired, TypedDict

from ._arguments import (
    FORBID_UNKNOWN,
    Cost,
    Day,
    ExpenseSources,
    Flag,
    Id,
    Instant,
    MetadataDict,
    PageChoice,
    Units,
)
from ._model import Model, Moment
from .common import ApprovalStatus, ExpenseSource, Metadata, Reference


class Expense(Model):
    """Money spent on a project. The API can't change or delete it.

    Attributes:
        total_cost: In the project's currency.
        units: How many units of the category, where it has a price for one.
    """

    collection: ClassVar[str] = "expenses"

    id: str
    user_id: str
    project_id: str
    expense_category_id: str
    user: Reference | None = None
    project: Reference | None = None
    expense_category: Reference | None = None
    spent_date: date | None = None
    total_cost: Decimal | None = None
    units: int | None = None
    notes: str | None = None
    billable: bool | None = None
    receipt_file_name: str | None = None
    receipt_content_type: str | None = None
    receipt_url: str | None = None
    is_locked: bool | None = None
    is_billed: bool | None = None
    approval_status: ApprovalStatus | str | None = None
    source: ExpenseSource | str | None = None
    metadata: Metadata | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


@with_config(FORBID_UNKNOWN)
class ExpenseCreate(TypedDict):
    """The body that creates an expense: `total_cost` or `units` must be there."""

    project_id: Id
    expense_category_id: Id
    spent_date: Day
    total_cost: NotRequired[Cost]
    units: NotRequired[Units]
    notes: NotRequired[str]
    billable: NotRequired[Flag]
    source: NotRequired[ExpenseSource]
    metadata: NotRequired[MetadataDict]


@with_config(FORBID_UNKNOWN)
class ExpenseFilter(PageChoice, total=False):
    """Which expenses to list."""

    user_id: Id
    client_id: Id
    project_id: Id
    is_billed: Flag
    from_date: Day
    to_date: Day
    updated_since: Instant
    source: ExpenseSources
