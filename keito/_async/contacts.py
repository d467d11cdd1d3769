"""The resource `contacts`."""

from __future__ import annotations

from datetime import datetime

from .._request import Request, path
from ..types._arguments import given
from ..types.contact import Contact, ContactCreate, ContactFilter
from ..types.request_options import RequestOptions
from .pages import AsyncPages
from .resource import AsyncResource


class AsyncContacts(AsyncResource):
    """The people at clients. Writing takes a manager's or an admin's key."""

    def list(
        self,
        *,
        client_id: str | None = None,
        updated_since: datetime | str | None = None,
        page: int | None = None,
        per_page: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> AsyncPages[Contact]:
        """Contacts.

        Args:
            client_id: At one client.
            updated_since: Made or changed since.
            page: Start with this page instead of the first.
            per_page: Objects a page, 2,000 at most.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong.
        """
        choice = given(
            ContactFilter,
            client_id=client_id,
            updated_since=updated_since,
            page=page,
            per_page=per_page,
        )
        return self._list(Contact, path("contacts"), choice, request_options)

    async def create(
        self,
        *,
        client_id: str,
        first_name: str,
        last_name: str | None = None,
        title: str | None = None,
        email: str | None = None,
        phone_office: str | None = None,
        phone_mobile: str | None = None,
        fax: str | None = None,
        request_options: RequestOptions | None = None,
    ) -> Contact:
        """Add a person at a client.

        Args:
            client_id: The client.
            first_name: The person's first name.
            last_name: The person's last name.
            title: What the person does there.
            email: Where invoices can be sent.
            phone_office: Any form.
            phone_mobile: Any form.
            fax: Any form.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong; nothing was sent.
            KeitoError: It failed; `may_have_been_applied` says whether the contact may exist.
        """
        body = given(
            ContactCreate,
            client_id=client_id,
            first_name=first_name,
            last_name=last_name,
            title=title,
            email=email,
            phone_office=phone_office,
            phone_mobile=phone_mobile,
            fax=fax,
        )
        request = Request("POST", path("contacts"), Contact, body=body, in_doubt="raise")
        return await self._sender.send(request, request_options)
