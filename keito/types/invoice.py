"""Invoices and their line items."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, with_config
from typing_extensions import NotRequired, TypedDict

from ._arguments import ANY_SEQUENCE, FORBID_UNKNOWN, Amount, Day, Flag, Id, Instant, PageChoice
from ._model import Model, Moment
from .common import IdName, PaymentTerm

InvoiceState = Literal["draft", "open", "paid", "closed"]


class LineItem(BaseModel):
    """One line of an invoice. Amounts are in the invoice's currency."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    id: str
    kind: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    taxed: bool | None = None
    taxed2: bool | None = None
    project_id: str | None = None


class Creator(BaseModel):
    """Who made an invoice."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    id: str
    name: str | None = None
    email: str | None = None


class Invoice(Model):
    """A bill to a client.

    Attributes:
        amount: The whole, taxes and discount included, in `currency`; so are the other amounts.
        due_amount: What is still to be paid.
        tax: Per cent; `tax_amount` is the money.
        tax2: Per cent.
        discount: Per cent.
    """

    collection: ClassVar[str] = "invoices"

    id: str
    client_id: str
    created_by_id: str
    client: IdName | None = None
    creator: Creator | None = None
    number: str | None = None
    purchase_order: str | None = None
    subject: str | None = None
    state: InvoiceState | str | None = None
    amount: Decimal | None = None
    due_amount: Decimal | None = None
    tax: Decimal | None = None
    tax_amount: Decimal | None = None
    tax2: Decimal | None = None
    tax2_amount: Decimal | None = None
    discount: Decimal | None = None
    discount_amount: Decimal | None = None
    currency: str | None = None
    issue_date: date | None = None
    due_date: date | None = None
    payment_term: PaymentTerm | str | None = None
    notes: str | None = None
    period_start: date | None = None
    period_end: date | None = None
    sent_at: Moment | None = None
    paid_at: Moment | None = None
    closed_at: Moment | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    line_items: list[LineItem] | None = None


class Deleted(Model):
    """What deleting an invoice answers."""

    id: str
    deleted: bool | None = None


@with_config(FORBID_UNKNOWN)
class LineItemCreate(TypedDict, total=False):
    """A line of a new invoice; unless given, one "Service" at a price of 0."""

    kind: str
    description: str
    quantity: Amount
    unit_price: Amount
    taxed: Flag
    taxed2: Flag
    project_id: Id


class _InvoiceFields(TypedDict, total=False):
    subject: str
    issue_date: Day
    due_date: Day
    purchase_order: str
    tax: Amount
    tax2: Amount
    discount: Amount
    notes: str
    period_start: Day
    period_end: Day


@with_config(FORBID_UNKNOWN)
class InvoiceCreate(_InvoiceFields):
    """The body that creates an invoice."""

    client_id: Id
    payment_term: NotRequired[PaymentTerm]
    currency: NotRequired[str]
    line_items: NotRequired[Annotated[list[LineItemCreate], ANY_SEQUENCE]]


@with_config(FORBID_UNKNOWN)
class InvoiceUpdate(_InvoiceFields):
    """The body that changes an invoice."""


@with_config(FORBID_UNKNOWN)
class InvoiceFilter(PageChoice, total=False):
    """Which invoices to list, by the date of issue among others."""

    client_id: Id
    state: InvoiceState
    from_date: Day
    to_date: Day
    updated_since: Instant
