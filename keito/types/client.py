"""Clients: who is billed."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from pydantic import with_config
from typing_extensions import NotRequired, TypedDict

from ._arguments import FORBID_UNKNOWN, Amount, Flag, Instant, PageChoice, Whole
from ._model import Model, Moment
from .common import PaymentTerm


class Client(Model):
    """A company or person that work is billed to.

    Attributes:
        currency: Three letters, ISO 4217.
        payment_days: Days until an invoice is due.
        tax: Per cent.
        tax2: Per cent.
        discount: Per cent.
    """

    collection: ClassVar[str] = "clients"

    id: str
    name: str | None = None
    address: str | None = None
    currency: str | None = None
    is_active: bool | None = None
    payment_terms: str | None = None
    payment_days: int | None = None
    tax: Decimal | None = None
    tax2: Decimal | None = None
    discount: Decimal | None = None
    statement_key: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


class _ClientFields(TypedDict, total=False):
    address: str
    currency: str
    payment_terms: PaymentTerm
    payment_days: Whole
    tax: Amount
    tax2: Amount
    discount: Amount
    is_active: Flag


@with_config(FORBID_UNKNOWN)
class ClientCreate(_ClientFields):
    """The body that creates a client."""

    name: str


@with_config(FORBID_UNKNOWN)
class ClientUpdate(_ClientFields):
    """The body that changes a client."""

    name: NotRequired[str]


@with_config(FORBID_UNKNOWN)
class ClientFilter(PageChoice, total=False):
    """Which clients to list."""

    is_active: Flag
    updated_since: Instant
