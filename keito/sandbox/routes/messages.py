"""Messages about invoices; the sandbox keeps them and mails nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from .. import permissions
from ..bodies import InvoiceMessageCreate
from ..context import Caller, State, answer
from ..described import errors
from ..exact import ExactRoute
from ..listing import list_answer
from ..pages import PageQuery
from ..problems import broken_rule
from ..records import Invoice, InvoiceMessage, InvoiceMessagePage, User
from ..store import Store
from .invoices import found_invoice

router = APIRouter(tags=["Invoice Messages"], route_class=ExactRoute)


@router.get(
    "/api/v2/invoices/{id}/messages",
    operation_id="listInvoiceMessages",
    response_model=InvoiceMessagePage,
    responses=errors(400, 404),
)
async def list_invoice_messages(
    request: Request,
    id: str,
    caller: Caller,
    store: State,
    query: Annotated[PageQuery, Query()],
) -> Response:
    """List an invoice's messages."""
    with store.lock:
        found_invoice(store, id)
    return list_answer(
        request,
        store,
        InvoiceMessage,
        "invoice_messages",
        query,
        accepts=lambda message: message.invoice_id == id,
        scope=id,
    )


@router.post(
    "/api/v2/invoices/{id}/messages",
    operation_id="sendInvoice",
    response_model=InvoiceMessage,
    responses=errors(400, 403, 404, 422),
)
async def send_invoice(
    id: str,
    caller: Caller,
    store: State,
    body: InvoiceMessageCreate,
) -> Response:
    """Send an invoice; a draft becomes open. Managers and administrators only."""
    permissions.require_manager(caller, "send invoices")
    with store.lock:
        at = store.now()
        invoice = found_invoice(store, id)
        if not body.recipients:
            raise broken_rule("a message needs at least one recipient", field="recipients")
        if body.event_type != "send" and invoice.state == "draft":
            raise broken_rule(f"invoice {id} is a draft: send it first", field="event_type")
        message = _message(store, caller, invoice, body, at)
        store.save(_sent(invoice, body, at), message)
        return answer(store, message)


def _message(
    store: Store, caller: User, invoice: Invoice, body: InvoiceMessageCreate, at: datetime
) -> InvoiceMessage:
    return InvoiceMessage(
        id=store.new_id("msg"),
        invoice_id=invoice.id,
        sent_by=caller.name,
        sent_by_email=caller.email,
        sent_from=caller.name,
        sent_from_email=caller.email,
        recipients=[{"name": to.name, "email": to.email} for to in body.recipients],
        subject=body.subject or f"Invoice #{invoice.number} from {caller.company.name}",
        body=body.body,
        attach_pdf=body.attach_pdf,
        send_me_a_copy=body.send_me_a_copy,
        thank_you=body.event_type == "thank_you",
        reminder=body.event_type == "reminder",
        event_type=body.event_type,
        created_at=at,
        updated_at=at,
    )


def _sent(invoice: Invoice, body: InvoiceMessageCreate, at: datetime) -> Invoice:
    if body.event_type != "send" or invoice.state != "draft":
        return invoice
    return replace(invoice, state="open", sent_at=at, updated_at=at)
