"""Invoices: drafts until they are sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from .. import permissions
from ..bodies import InvoiceCreate, InvoiceUpdate, LineItemCreate
from ..bodies.fields import Day, Maybe
from ..context import Caller, State, answer, json_answer
from ..described import errors
from ..exact import ExactRoute
from ..listing import list_answer
from ..pages import ChangedSince
from ..problems import broken_rule, forbidden, not_found
from ..records import (
    Client,
    Creator,
    DeletedInvoice,
    IdName,
    Invoice,
    InvoicePage,
    InvoiceState,
    LineItem,
    User,
)
from ..store import Store
from ..sums import cents, invoice_totals, times

router = APIRouter(tags=["Invoices"], route_class=ExactRoute)

_FIRST_NUMBER = 1001
_DAYS = {"upon_receipt": 0, "net_15": 15, "net_30": 30, "net_45": 45, "net_60": 60}


class InvoiceQuery(ChangedSince):
    """Which invoices are wanted."""

    client_id: Maybe[str] = None
    state: Maybe[InvoiceState] = None
    from_: Annotated[Maybe[Day], Field(alias="from")] = None
    to: Maybe[Day] = None

    def accepts(self, invoice: Invoice) -> bool:
        """Whether the invoice is on the list."""
        return (
            self.client_id in (None, invoice.client_id)
            and self.state in (None, invoice.state)
            and (self.from_ is None or self.from_ <= invoice.issue_date)
            and (self.to is None or self.to >= invoice.issue_date)
            and self.is_recent(invoice)
        )


@router.get(
    "/api/v2/invoices",
    operation_id="listInvoices",
    response_model=InvoicePage,
    responses=errors(400),
)
async def list_invoices(
    request: Request, caller: Caller, store: State, query: Annotated[InvoiceQuery, Query()]
) -> Response:
    """List invoices."""
    return list_answer(request, store, Invoice, "invoices", query, accepts=query.accepts)


@router.post(
    "/api/v2/invoices",
    operation_id="createInvoice",
    response_model=Invoice,
    responses=errors(400, 403, 404, 422),
)
async def create_invoice(caller: Caller, store: State, body: InvoiceCreate) -> Response:
    """Create a draft. Managers and administrators only."""
    permissions.require_manager(caller, "create invoices")
    with store.lock:
        client = store.clients.get(body.client_id)
        if client is None:
            raise not_found("client", body.client_id)
        invoice = _totalled(_draft(store, caller, client, body))
        store.save(invoice)
        return answer(store, invoice)


@router.get(
    "/api/v2/invoices/{id}",
    operation_id="getInvoice",
    response_model=Invoice,
    responses=errors(404),
)
async def get_invoice(id: str, caller: Caller, store: State) -> Response:
    """Get an invoice with its lines."""
    with store.lock:
        return answer(store, found_invoice(store, id))


@router.patch(
    "/api/v2/invoices/{id}",
    operation_id="updateInvoice",
    response_model=Invoice,
    responses=errors(400, 403, 404, 422),
)
async def update_invoice(
    id: str,
    caller: Caller,
    store: State,
    body: InvoiceUpdate,
) -> Response:
    """Update an invoice. Managers and administrators only."""
    permissions.require_manager(caller, "change invoices")
    with store.lock:
        invoice = found_invoice(store, id)
        if invoice.state in ("paid", "closed"):
            raise broken_rule(f"invoice {id} is {invoice.state} and can't be changed")
        invoice = _totalled(replace(invoice, **body.given(), updated_at=store.now()))
        _check_dates(invoice)
        store.save(invoice)
        return answer(store, invoice)


@router.delete(
    "/api/v2/invoices/{id}",
    operation_id="deleteInvoice",
    response_model=DeletedInvoice,
    responses=errors(403, 404),
)
async def delete_invoice(id: str, caller: Caller, store: State) -> Response:
    """Delete a draft. Administrators only."""
    permissions.require_admin(caller, "delete invoices")
    with store.lock:
        invoice = found_invoice(store, id)
        if invoice.state != "draft":
            raise forbidden(f"invoice {id} is {invoice.state}; only drafts can be deleted")
        store.delete(invoice)
    return json_answer(DeletedInvoice(id=id, deleted=True))


def found_invoice(store: Store, invoice_id: str) -> Invoice:
    """The invoice with that id."""
    invoice = store.invoices.get(invoice_id)
    if invoice is None:
        raise not_found("invoice", invoice_id)
    return invoice


def _draft(store: Store, caller: User, client: Client, body: InvoiceCreate) -> Invoice:
    at = store.now()
    issued = body.issue_date or at.date()
    invoice = Invoice(
        id=store.new_id("inv"),
        client_id=client.id,
        created_by_id=caller.id,
        client=IdName(id=client.id, name=client.name),
        creator=Creator(id=caller.id, name=caller.name, email=caller.email),
        number=_next_number(store),
        purchase_order=body.purchase_order,
        subject=body.subject,
        state="draft",
        amount=Decimal(0),
        due_amount=Decimal(0),
        tax=client.tax if body.tax is None else body.tax,
        tax_amount=None,
        tax2=client.tax2 if body.tax2 is None else body.tax2,
        tax2_amount=None,
        discount=client.discount if body.discount is None else body.discount,
        discount_amount=None,
        currency=body.currency or client.currency,
        issue_date=issued,
        due_date=body.due_date or _due(issued, client, body.payment_term),
        payment_term=body.payment_term,
        notes=body.notes,
        period_start=body.period_start,
        period_end=body.period_end,
        sent_at=None,
        paid_at=None,
        closed_at=None,
        created_at=at,
        updated_at=at,
        line_items=[_line(store, line) for line in body.line_items or []],
    )
    _check_dates(invoice)
    return invoice


def _line(store: Store, line: LineItemCreate) -> LineItem:
    if line.project_id is not None and store.projects.get(line.project_id) is None:
        raise not_found("project", line.project_id)
    return LineItem(
        id=store.new_id("lin"),
        kind=line.kind,
        description=line.description,
        quantity=line.quantity,
        unit_price=line.unit_price,
        amount=cents(times(line.quantity, line.unit_price)),
        taxed=line.taxed,
        taxed2=line.taxed2,
        project_id=line.project_id,
    )


def _totalled(invoice: Invoice) -> Invoice:
    totals = invoice_totals(
        invoice.line_items, tax=invoice.tax, tax2=invoice.tax2, discount=invoice.discount
    )
    return replace(
        invoice,
        amount=totals.amount,
        due_amount=totals.amount,
        tax_amount=totals.tax_amount,
        tax2_amount=totals.tax2_amount,
        discount_amount=totals.discount_amount,
    )


def _next_number(store: Store) -> str:
    return str(max((int(i.number) for i in store.invoices), default=_FIRST_NUMBER - 1) + 1)


def _due(issued: date, client: Client, term: str) -> date:
    days = _DAYS.get(term, client.payment_days or 0)
    try:
        return issued + timedelta(days=days)
    except OverflowError as error:
        raise broken_rule("issue_date is too late for a due date", field="issue_date") from error


def _check_dates(invoice: Invoice) -> None:
    if invoice.due_date < invoice.issue_date:
        raise broken_rule("due_date is before issue_date", field="due_date")
    start, end = invoice.period_start, invoice.period_end
    if start and end and end < start:
        raise broken_rule("period_end is before period_start", field="period_end")
