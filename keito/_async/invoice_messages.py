"""The resource `invoices.messages`."""

from __future__ import annotations

from collections.abc import Sequence

from .._request import Request, path
from ..types._arguments import PageChoice, given
from ..types.invoice_message import EventType, InvoiceMessage, InvoiceMessageCreate, Recipient
from ..types.request_options import RequestOptions
from .pages import AsyncPages
from .resource import AsyncResource


class AsyncInvoiceMessages(AsyncResource):
    """The e-mails that carry an invoice."""

    def list(
        self,
        id: str,
        *,
        page: int | None = None,
        per_page: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> AsyncPages[InvoiceMessage]:
        """Messages sent with one invoice.

        Args:
            id: The invoice.
            page: Start with this page instead of the first.
            per_page: Objects a page, 2,000 at most.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong.
        """
        choice = given(PageChoice, page=page, per_page=per_page)
        return self._list(InvoiceMessage, path("invoices", id, "messages"), choice, request_options)

    async def send(
        self,
        id: str,
        *,
        recipients: Sequence[Recipient],
        subject: str | None = None,
        body: str | None = None,
        attach_pdf: bool | None = None,
        send_me_a_copy: bool | None = None,
        include_attachments: bool | None = None,
        event_type: EventType | None = None,
        request_options: RequestOptions | None = None,
    ) -> InvoiceMessage:
        """Send an invoice by e-mail; a draft becomes open.

        It is not repeated when in doubt: the client would get it twice.

        Args:
            id: The invoice.
            recipients: Names and addresses.
            subject: The e-mail's subject.
            body: The e-mail's text.
            attach_pdf: Default: yes.
            send_me_a_copy: Default: no.
            include_attachments: Send the invoice's attachments too. Default: no.
            event_type: Whether this is the invoice, a reminder or a thank-you.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong; nothing was sent.
            KeitoError: It failed; `may_have_been_applied` says whether it may have been sent.
        """
        message = given(
            InvoiceMessageCreate,
            recipients=recipients,
            subject=subject,
            body=body,
            attach_pdf=attach_pdf,
            send_me_a_copy=send_me_a_copy,
            include_attachments=include_attachments,
            event_type=event_type,
        )
        request = Request(
            "POST",
            path("invoices", id, "messages"),
            InvoiceMessage,
            body=message,
            in_doubt="raise",
        )
        return await self._sender.send(request, request_options)
