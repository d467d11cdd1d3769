"""Messages that carry an invoice to the client."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import with_config
from typing_extensions import NotRequired, TypedDict

from ._arguments import ANY_SEQUENCE, FORBID_UNKNOWN, Email, Flag
from ._model import Model, Moment

EventType = Literal["send", "reminder", "thank_you"]


class InvoiceMessage(Model):
    """An e-mail with an invoice."""

    collection: ClassVar[str] = "invoice_messages"

    id: str
    invoice_id: str
    sent_by: str | None = None
    sent_by_email: str | None = None
    sent_from: str | None = None
    sent_from_email: str | None = None
    recipients: Any = None
    subject: str | None = None
    body: str | None = None
    attach_pdf: bool | None = None
    send_me_a_copy: bool | None = None
    thank_you: bool | None = None
    reminder: bool | None = None
    event_type: EventType | str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


@with_config(FORBID_UNKNOWN)
class Recipient(TypedDict):
    """Who an invoice is sent to."""

    name: str
    email: Email


@with_config(FORBID_UNKNOWN)
class InvoiceMessageCreate(TypedDict):
    """The body that sends an invoice."""

    recipients: Annotated[list[Recipient], ANY_SEQUENCE]
    subject: NotRequired[str]
    body: NotRequired[str]
    attach_pdf: NotRequired[Flag]
    send_me_a_copy: NotRequired[Flag]
    include_attachments: NotRequired[Flag]
    event_type: NotRequired[EventType]
