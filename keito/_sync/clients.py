# Generated from keito/_async/clients.py: change that, then run `make fix`.
"""The resource `clients`."""

from __future__ import annotations

from datetime import datetime

from .._request import Request, path
from .._unset import UNSET, Unset
from ..types._arguments import Number, changes, given
from ..types.client import Client, ClientCreate, ClientFilter, ClientUpdate
from ..types.common import PaymentTerm
from ..types.request_options import RequestOptions
from .pages import Page
from .resource import Resource


class Clients(Resource):
    """Who is billed. Writing takes a manager's or an admin's key."""

    def list(
        self,
        *,
        is_active: bool | None = None,
        updated_since: datetime | str | None = None,
        page: int | None = None,
        per_page: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> Page[Client]:
        """Clients.

        Args:
            is_active: Only active ones, or only others.
            updated_since: Made or changed since.
            page: Start with this page instead of the first.
            per_page: Objects a page, 2,000 at most.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong.
        """
        choice = given(
            ClientFilter,
            is_active=is_active,
            updated_since=updated_since,
            page=page,
            per_page=per_page,
        )
        return self._list(Client, path("clients"), choice, request_options)

    def get(self, id: str, *, request_options: RequestOptions | None = None) -> Client:
        """Return one client.

        Raises:
            KeitoNotFoundError: There is none with this id.
            KeitoError: It failed.
        """
        return self._sender.send(Request("GET", path("clients", id), Client), request_options)

    def create(
        self,
        *,
        name: str,
        address: str | None = None,
        currency: str | None = None,
        payment_terms: PaymentTerm | None = None,
        payment_days: int | None = None,
        tax: Number | None = None,
        tax2: Number | None = None,
        discount: Number | None = None,
        is_active: bool | None = None,
        request_options: RequestOptions | None = None,
    ) -> Client:
        """Add a client.

        Args:
            name: The client's name.
            address: Where invoices go.
            currency: Three letters, ISO 4217. Default: the company's.
            payment_terms: When invoices are due.
            payment_days: Days until then, for the terms `custom`.
            tax: Per cent.
            tax2: Per cent.
            discount: Per cent.
            is_active: False to add an archived one.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong; nothing was sent.
            KeitoError: It failed; `may_have_been_applied` says whether the client may exist.
        """
        body = given(
            ClientCreate,
            name=name,
            address=address,
            currency=currency,
            payment_terms=payment_terms,
            payment_days=payment_days,
            tax=tax,
            tax2=tax2,
            discount=discount,
            is_active=is_active,
        )
        request = Request("POST", path("clients"), Client, body=body, in_doubt="raise")
        return self._sender.send(request, request_options)

    def update(
        self,
        id: str,
        *,
        name: str | Unset = UNSET,
        address: str | Unset = UNSET,
        currency: str | Unset = UNSET,
        payment_terms: PaymentTerm | Unset = UNSET,
        payment_days: int | Unset = UNSET,
        tax: Number | Unset = UNSET,
        tax2: Number | Unset = UNSET,
        discount: Number | Unset = UNSET,
        is_active: bool | Unset = UNSET,
        request_options: RequestOptions | None = None,
    ) -> Client:
        """Change a client. What is not given stays; for the arguments see `create`.

        Raises:
            KeitoInputError: An argument is wrong; nothing was sent.
            KeitoError: It failed.
        """
        body = changes(
            ClientUpdate,
            name=name,
            address=address,
            currency=currency,
            payment_terms=payment_terms,
            payment_days=payment_days,
            tax=tax,
            tax2=tax2,
            discount=discount,
            is_active=is_active,
        )
        request = Request("PATCH", path("clients", id), Client, body=body)
        return self._sender.send(request, request_options)
