# Generated from keito/_async/expenses.py: change that, then run `make fix`.
"""The resource `expenses`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from .._errors import KeitoInputError
from .._request import path
from ..types._arguments import Number, given
from ..types.common import ExpenseSource
from ..types.expense import Expense, ExpenseCreate, ExpenseFilter
from ..types.request_options import RequestOptions
from .pages import Page
from .resource import Resource

ALL = path("expenses")


class Expenses(Resource):
    """Money spent on projects."""

    def list(
        self,
        *,
        user_id: str | None = None,
        client_id: str | None = None,
        project_id: str | None = None,
        is_billed: bool | None = None,
        from_date: date | str | None = None,
        to_date: date | str | None = None,
        updated_since: datetime | str | None = None,
        source: ExpenseSource | Sequence[ExpenseSource] | None = None,
        page: int | None = None,
        per_page: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> Page[Expense]:
        """Expenses, all that the key's user may see unless they are narrowed down.

        Args:
            user_id: Of one user.
            client_id: For one client.
            project_id: On one project.
            is_billed: Only billed ones, or only others.
            from_date: Spent on this day or later.
            to_date: Spent on this day or earlier.
            updated_since: Made or changed since.
            source: Made through one of these.
            page: Start with this page instead of the first.
            per_page: Objects a page, 2,000 at most.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong.
        """
        choice = given(
            ExpenseFilter,
            user_id=user_id,
            client_id=client_id,
            project_id=project_id,
            is_billed=is_billed,
            from_date=from_date,
            to_date=to_date,
            updated_since=updated_since,
            source=source,
            page=page,
            per_page=per_page,
        )
        return self._list(Expense, ALL, choice, request_options)

    def create(
        self,
        *,
        project_id: str,
        expense_category_id: str,
        spent_date: date | str,
        total_cost: Number | None = None,
        units: int | None = None,
        notes: str | None = None,
        billable: bool | None = None,
        source: ExpenseSource | None = None,
        metadata: Mapping[str, Any] | None = None,
        settle: float | None = None,
        request_options: RequestOptions | None = None,
    ) -> Expense:
        """Record an expense. It can't be changed or deleted through the API.

        Like a time entry it gets a dedupe key, and is never blindly made again.

        Args:
            project_id: The project it was spent on.
            expense_category_id: What kind of expense.
            spent_date: The day.
            total_cost: How much, in the project's currency.
            units: How many units of the category, 1 or more, instead of a cost.
            notes: What it was for; clients read this on invoices.
            billable: Whether to charge it.
            source: How it was recorded.
            metadata: Anything else, at most 4,096 bytes as JSON.
            settle: As for `time_entries.create`.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong, or there is neither a cost nor units.
            KeitoError: It failed; `may_have_been_applied` says whether the expense may exist.
        """
        if total_cost is None and units is None:
            raise KeitoInputError("an expense needs total_cost or units")
        body = given(
            ExpenseCreate,
            project_id=project_id,
            expense_category_id=expense_category_id,
            spent_date=spent_date,
            total_cost=total_cost,
            units=units,
            notes=notes,
            billable=billable,
            source=source,
            metadata=self._keyed(metadata),
        )
        return self._create(Expense, ALL, body, settle, request_options)
