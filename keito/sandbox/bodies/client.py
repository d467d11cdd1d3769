"""What is sent to make and change clients and contacts."""

from __future__ import annotations

from ..records import PaymentTerm
from .fields import Body, Currency, Maybe, Number, Whole


class ClientFields(Body):
    """What may be left out of a client, new or changed."""

    address: Maybe[str] = None
    currency: Maybe[Currency] = None
    payment_terms: Maybe[PaymentTerm] = None
    payment_days: Maybe[Whole] = None
    tax: Maybe[Number] = None
    tax2: Maybe[Number] = None
    discount: Maybe[Number] = None
    is_active: Maybe[bool] = None


class ClientCreate(ClientFields):
    """A new client."""

    name: str


class ClientUpdate(ClientFields):
    """The fields of a client to change."""

    name: Maybe[str] = None


class ContactCreate(Body):
    """A new contact of a client."""

    client_id: str
    first_name: str
    last_name: Maybe[str] = None
    title: Maybe[str] = None
    email: Maybe[str] = None
    phone_office: Maybe[str] = None
    phone_mobile: Maybe[str] = None
    fax: Maybe[str] = None
