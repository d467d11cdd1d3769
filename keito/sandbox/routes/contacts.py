"""Contacts at clients."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from .. import permissions
from ..bodies import ContactCreate
from ..bodies.fields import Maybe
from ..context import Caller, State, answer
from ..described import errors
from ..exact import ExactRoute
from ..listing import list_answer
from ..pages import ChangedSince
from ..problems import not_found
from ..records import Contact, ContactPage, IdName

router = APIRouter(tags=["Contacts"], route_class=ExactRoute)


class ContactQuery(ChangedSince):
    """Which contacts are wanted."""

    client_id: Maybe[str] = None

    def accepts(self, contact: Contact) -> bool:
        """Whether the contact is on the list."""
        return self.client_id in (None, contact.client.id) and self.is_recent(contact)


@router.get(
    "/api/v2/contacts",
    operation_id="listContacts",
    response_model=ContactPage,
    responses=errors(400),
)
async def list_contacts(
    request: Request, caller: Caller, store: State, query: Annotated[ContactQuery, Query()]
) -> Response:
    """List contacts."""
    return list_answer(request, store, Contact, "contacts", query, accepts=query.accepts)


@router.post(
    "/api/v2/contacts",
    operation_id="createContact",
    response_model=Contact,
    responses=errors(400, 403, 404),
)
async def create_contact(caller: Caller, store: State, body: ContactCreate) -> Response:
    """Create a contact. Managers and administrators only."""
    permissions.require_manager(caller, "create contacts")
    with store.lock:
        client = store.clients.get(body.client_id)
        if client is None:
            raise not_found("client", body.client_id)
        at = store.now()
        contact = Contact(
            id=store.new_id("con"),
            client=IdName(id=client.id, name=client.name),
            first_name=body.first_name,
            last_name=body.last_name,
            title=body.title,
            email=body.email,
            phone_office=body.phone_office,
            phone_mobile=body.phone_mobile,
            fax=body.fax,
            created_at=at,
            updated_at=at,
        )
        store.save(contact)
        return answer(store, contact)
