"""Projects: what work is done for a client."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

from pydantic import with_config

from ._arguments import FORBID_UNKNOWN, Flag, Id, Instant, PageChoice
from ._model import Model, Moment
from .common import IdName


class Project(Model):
    """A client's project, with its rates and budget. Amounts are in the client's currency.

    Attributes:
        hourly_rate: Price of an hour.
        fee: The whole price of a project with a fixed fee.
        budget: Hours or money, as `budget_by` says.
        over_budget_notification_percentage: Per cent of the budget.
    """

    collection: ClassVar[str] = "projects"

    id: str
    client: IdName | None = None
    name: str | None = None
    code: str | None = None
    is_active: bool | None = None
    is_billable: bool | None = None
    is_fixed_fee: bool | None = None
    bill_by: str | None = None
    hourly_rate: Decimal | None = None
    fee: Decimal | None = None
    budget_by: str | None = None
    budget: Decimal | None = None
    budget_is_monthly: bool | None = None
    notify_when_over_budget: bool | None = None
    over_budget_notification_percentage: Decimal | None = None
    show_budget_to_all: bool | None = None
    cost_budget: Decimal | None = None
    cost_budget_include_expenses: bool | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    notes: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


@with_config(FORBID_UNKNOWN)
class ProjectFilter(PageChoice, total=False):
    """Which projects to list."""

    is_active: Flag
    client_id: Id
    updated_since: Instant
