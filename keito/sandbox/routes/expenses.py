"""Expenses, which the API lists and creates and never changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from .. import metadata, permissions
from ..bodies import ExpenseCreate
from ..bodies.fields import Day, Maybe
from ..context import Caller, State, answer
from ..described import errors
from ..exact import ExactRoute
from ..listing import list_answer
from ..pages import ChangedSince
from ..problems import broken_rule, invalid, not_found
from ..records import Expense, ExpenseCategory, ExpensePage, IdName
from ..sources import ExpenseSources
from ..store import Store
from ..sums import times

router = APIRouter(tags=["Expenses"], route_class=ExactRoute)


class ExpenseQuery(ChangedSince):
    """Which expenses are wanted."""

    user_id: Maybe[str] = None
    client_id: Maybe[str] = None
    project_id: Maybe[str] = None
    is_billed: Maybe[bool] = None
    from_: Annotated[Maybe[Day], Field(alias="from")] = None
    to: Maybe[Day] = None
    source: Maybe[ExpenseSources] = None

    def accepts(self, expense: Expense) -> bool:
        """Whether the expense is on the list, but for what depends on other records."""
        return (
            self.user_id in (None, expense.user_id)
            and self.project_id in (None, expense.project_id)
            and self.is_billed in (None, expense.is_billed)
            and (self.from_ is None or self.from_ <= expense.spent_date)
            and (self.to is None or self.to >= expense.spent_date)
            and (self.source is None or expense.source in self.source)
            and self.is_recent(expense)
        )


@router.get(
    "/api/v2/expenses",
    operation_id="listExpenses",
    response_model=ExpensePage,
    responses=errors(400),
)
async def list_expenses(
    request: Request, caller: Caller, store: State, query: Annotated[ExpenseQuery, Query()]
) -> Response:
    """List expenses, the latest day first."""
    seen = permissions.visible_user(caller)
    projects = store.projects_of(query.client_id)

    def accepts(expense: Expense) -> bool:
        return (
            seen in (None, expense.user_id)
            and (projects is None or expense.project_id in projects)
            and query.accepts(expense)
        )

    return list_answer(
        request,
        store,
        Expense,
        "expenses",
        query,
        accepts=accepts,
        scope=(seen, projects),
        newest=lambda expense: expense.spent_date,
    )


@router.post(
    "/api/v2/expenses",
    operation_id="createExpense",
    response_model=Expense,
    responses=errors(400, 403, 404, 422),
)
async def create_expense(caller: Caller, store: State, body: ExpenseCreate) -> Response:
    """Create an expense."""
    if body.total_cost is None and body.units is None:
        raise invalid("total_cost or units is required", field="total_cost")
    with store.lock:
        at = store.now()
        project = permissions.project_for(store, caller, body.project_id, body.spent_date)
        category = _category(store, body.expense_category_id)
        expense = Expense(
            id=store.new_id("exp"),
            user_id=caller.id,
            project_id=project.id,
            expense_category_id=category.id,
            user=IdName(id=caller.id, name=caller.name),
            project=IdName(id=project.id, name=project.name),
            expense_category=IdName(id=category.id, name=category.name),
            spent_date=body.spent_date,
            total_cost=_cost(body, category),
            units=body.units,
            notes=body.notes,
            billable=project.is_billable and body.billable is not False,
            receipt_file_name=None,
            receipt_content_type=None,
            receipt_url=None,
            is_locked=False,
            is_billed=False,
            approval_status="unsubmitted",
            source=body.source or "api",
            metadata=metadata.checked(body.metadata),
            created_at=at,
            updated_at=at,
        )
        store.save(expense)
        return answer(store, expense)


def _category(store: Store, category_id: str) -> ExpenseCategory:
    category = store.expense_categories.get(category_id)
    if category is None:
        raise not_found("expense category", category_id)
    return category


def _cost(body: ExpenseCreate, category: ExpenseCategory) -> Decimal:
    if body.total_cost is not None:
        return body.total_cost
    if category.unit_price is None:
        raise broken_rule(f"{category.name} has no price per unit: give total_cost", field="units")
    return times(Decimal(body.units or 0), category.unit_price)
