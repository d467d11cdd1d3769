"""Invoices, their lines, and the messages that sent them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from .fields import IdName, InvoiceState, Number, PaymentTerm


@dataclass(frozen=True, slots=True, kw_only=True)
class Creator:
    """Who made an invoice."""

    id: str
    name: str | None
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineItem:
    """One line of an invoice."""

    id: str
    kind: str
    description: str | None
    quantity: Number
    unit_price: Number
    amount: Number
    taxed: bool
    taxed2: bool
    project_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """What a client is asked to pay; `tax`, `tax2` and `discount` are percentages."""

    id: str
    client_id: str
    created_by_id: str
    client: IdName
    creator: Creator
    number: str
    purchase_order: str | None
    subject: str | None
    state: InvoiceState
    amount: Number
    due_amount: Number
    tax: Number | None
    tax_amount: Number | None
    tax2: Number | None
    tax2_amount: Number | None
    discount: Number | None
    discount_amount: Number | None
    currency: str
    issue_date: date
    due_date: date
    payment_term: PaymentTerm
    notes: str | None
    period_start: date | None
    period_end: date | None
    sent_at: datetime | None
    paid_at: datetime | None
    closed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    line_items: list[LineItem]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceMessage:
    """A mail about an invoice. The sandbox records it and sends nothing."""

    id: str
    invoice_id: str
    sent_by: str | None
    sent_by_email: str | None
    sent_from: str | None
    sent_from_email: str | None
    recipients: object
    subject: str | None
    body: str | None
    attach_pdf: bool
    send_me_a_copy: bool
    thank_you: bool
    reminder: bool
    event_type: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedInvoice:
    """The answer to a deletion."""

    id: str
    deleted: bool
