"""What is sent to make, change and send invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from ..records import PaymentTerm
from .fields import Body, Currency, Day, Email, Maybe, Number


class LineItemCreate(Body):
    """A line of a new invoice."""

    kind: str = "Service"
    description: Maybe[str] = None
    quantity: Annotated[Number, Field(json_schema_extra={"default": 1})] = Decimal(1)
    unit_price: Annotated[Number, Field(json_schema_extra={"default": 0})] = Decimal(0)
    taxed: bool = False
    taxed2: bool = False
    project_id: Maybe[str] = None


class InvoiceUpdate(Body):
    """The fields of an invoice to change."""

    subject: Maybe[str] = None
    issue_date: Maybe[Day] = None
    due_date: Maybe[Day] = None
    purchase_order: Maybe[str] = None
    tax: Maybe[Number] = None
    tax2: Maybe[Number] = None
    discount: Maybe[Number] = None
    notes: Maybe[str] = None
    period_start: Maybe[Day] = None
    period_end: Maybe[Day] = None


class InvoiceCreate(InvoiceUpdate):
    """A new invoice, which starts as a draft."""

    client_id: str
    payment_term: PaymentTerm = "net_30"
    currency: Maybe[Currency] = None
    line_items: Maybe[list[LineItemCreate]] = None


class Recipient(Body):
    """Who a message goes to."""

    name: str
    email: Email


class InvoiceMessageCreate(Body):
    """A message about an invoice; sending a draft opens it."""

    recipients: list[Recipient]
    subject: Maybe[str] = None
    body: Maybe[str] = None
    attach_pdf: bool = True
    send_me_a_copy: bool = False
    include_attachments: bool = False
    event_type: Literal["send", "reminder", "thank_you"] = "send"
