# Generated from keito/_async/invoices.py: change that, then run `make fix`.
"""The resource `invoices`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from .._request import Request, path
from .._unset import UNSET, Unset
from ..types._arguments import Number, changes, given
from ..types.common import PaymentTerm
from ..types.invoice import (
    Deleted,
    Invoice,
    InvoiceCreate,
    InvoiceFilter,
    InvoiceState,
    InvoiceUpdate,
    LineItemCreate,
)
from ..types.request_options import RequestOptions
from .invoice_messages import InvoiceMessages
from .pages import Page
from .resource import Resource
from .sender import Sender


class Invoices(Resource):
    """Bills to clients. Writing takes a manager's or an admin's key.

    Attributes:
        messages: The e-mails that carry them.
    """

    def __init__(self, sender: Sender) -> None:
        super().__init__(sender)
        self.messages = InvoiceMessages(sender)

    def list(
        self,
        *,
        client_id: str | None = None,
        state: InvoiceState | None = None,
        from_date: date | str | None = None,
        to_date: date | str | None = None,
        updated_since: datetime | str | None = None,
        page: int | None = None,
        per_page: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> Page[Invoice]:
        """Invoices.

        Args:
            client_id: To one client.
            state: In one state.
            from_date: Issued on this day or later.
            to_date: Issued on this day or earlier.
            updated_since: Made or changed since.
            page: Start with this page instead of the first.
            per_page: Objects a page, 2,000 at most.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong.
        """
        choice = given(
            InvoiceFilter,
            client_id=client_id,
            state=state,
            from_date=from_date,
            to_date=to_date,
            updated_since=updated_since,
            page=page,
            per_page=per_page,
        )
        return self._list(Invoice, path("invoices"), choice, request_options)

    def get(self, id: str, *, request_options: RequestOptions | None = None) -> Invoice:
        """Return one invoice, with its line items.

        Raises:
            KeitoNotFoundError: There is none with this id.
            KeitoError: It failed.
        """
        return self._sender.send(Request("GET", path("invoices", id), Invoice), request_options)

    def create(
        self,
        *,
        client_id: str,
        subject: str | None = None,
        issue_date: date | str | None = None,
        due_date: date | str | None = None,
        payment_term: PaymentTerm | None = None,
        currency: str | None = None,
        purchase_order: str | None = None,
        tax: Number | None = None,
        tax2: Number | None = None,
        discount: Number | None = None,
        notes: str | None = None,
        period_start: date | str | None = None,
        period_end: date | str | None = None,
        line_items: Sequence[LineItemCreate] | None = None,
        request_options: RequestOptions | None = None,
    ) -> Invoice:
        """Draft an invoice.

        Args:
            client_id: Who is billed.
            subject: Its title.
            issue_date: Default: today.
            due_date: Default: as the payment term says.
            payment_term: When it is due. Default: 30 days after its issue.
            currency: Three letters, ISO 4217. Default: the client's.
            purchase_order: The client's number.
            tax: Per cent.
            tax2: Per cent.
            discount: Per cent.
            notes: Printed below.
            period_start: First day of the work billed.
            period_end: Last day of the work billed.
            line_items: What is billed.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong; nothing was sent.
            KeitoError: It failed; `may_have_been_applied` says whether the invoice may exist.
        """
        body = given(
            InvoiceCreate,
            client_id=client_id,
            subject=subject,
            issue_date=issue_date,
            due_date=due_date,
            payment_term=payment_term,
            currency=currency,
            purchase_order=purchase_order,
            tax=tax,
            tax2=tax2,
            discount=discount,
            notes=notes,
            period_start=period_start,
            period_end=period_end,
            line_items=line_items,
        )
        request = Request("POST", path("invoices"), Invoice, body=body, in_doubt="raise")
        return self._sender.send(request, request_options)

    def update(
        self,
        id: str,
        *,
        subject: str | Unset = UNSET,
        issue_date: date | str | Unset = UNSET,
        due_date: date | str | Unset = UNSET,
        purchase_order: str | Unset = UNSET,
        tax: Number | Unset = UNSET,
        tax2: Number | Unset = UNSET,
        discount: Number | Unset = UNSET,
        notes: str | Unset = UNSET,
        period_start: date | str | Unset = UNSET,
        period_end: date | str | Unset = UNSET,
        request_options: RequestOptions | None = None,
    ) -> Invoice:
        """Change an invoice. What is not given stays; for the arguments see `create`.

        Raises:
            KeitoInputError: An argument is wrong; nothing was sent.
            KeitoError: It failed.
        """
        body = changes(
            InvoiceUpdate,
            subject=subject,
            issue_date=issue_date,
            due_date=due_date,
            purchase_order=purchase_order,
            tax=tax,
            tax2=tax2,
            discount=discount,
            notes=notes,
            period_start=period_start,
            period_end=period_end,
        )
        request = Request("PATCH", path("invoices", id), Invoice, body=body)
        return self._sender.send(request, request_options)

    def delete(self, id: str, *, request_options: RequestOptions | None = None) -> Deleted:
        """Delete a draft. Takes an admin's key.

        Raises:
            KeitoError: It failed.
        """
        gone = Deleted(id=id, deleted=True)
        request = Request("DELETE", path("invoices", id), Deleted, if_gone=gone)
        return self._sender.send(request, request_options)
