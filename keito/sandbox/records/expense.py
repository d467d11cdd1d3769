"""Expenses and their categories."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from .fields import ApprovalStatus, ExpenseSource, IdName, Metadata, Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Expense:
    """Money spent for one project on one day."""

    id: str
    user_id: str
    project_id: str
    expense_category_id: str
    user: IdName
    project: IdName
    expense_category: IdName
    spent_date: date
    total_cost: Number
    units: int | None
    notes: str | None
    billable: bool
    receipt_file_name: str | None
    receipt_content_type: str | None
    receipt_url: str | None
    is_locked: bool
    is_billed: bool
    approval_status: ApprovalStatus
    source: ExpenseSource
    metadata: Metadata | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseCategory:
    """What an expense was for; with a `unit_price`, `units` alone give its cost.

    The API has no list of categories; they are seen only inside expenses.
    """

    id: str
    name: str
    unit_name: str | None
    unit_price: Number | None
    created_at: datetime
    updated_at: datetime
