"""Clients."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from .. import permissions
from ..bodies import ClientCreate, ClientUpdate
from ..bodies.fields import Maybe
from ..context import Caller, State, answer
from ..described import errors
from ..exact import ExactRoute
from ..listing import list_answer
from ..pages import ChangedSince
from ..problems import not_found
from ..records import Client, ClientPage, IdName
from ..seed import DEFAULT_CURRENCY
from ..store import Store
from ..table import Record

router = APIRouter(tags=["Clients"], route_class=ExactRoute)

# As published, a change is described like a new client, with its name; without one it works too,
# since clients send only what changes.
_DESCRIBED_AS_NEW = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ClientCreate"}}},
    }
}


class ClientQuery(ChangedSince):
    """Which clients are wanted."""

    is_active: Maybe[bool] = None

    def accepts(self, client: Client) -> bool:
        """Whether the client is on the list."""
        return self.is_active in (None, client.is_active) and self.is_recent(client)


@router.get(
    "/api/v2/clients",
    operation_id="listClients",
    response_model=ClientPage,
    responses=errors(400),
)
async def list_clients(
    request: Request, caller: Caller, store: State, query: Annotated[ClientQuery, Query()]
) -> Response:
    """List clients."""
    return list_answer(request, store, Client, "clients", query, accepts=query.accepts)


@router.post(
    "/api/v2/clients",
    operation_id="createClient",
    response_model=Client,
    responses=errors(400, 403),
)
async def create_client(caller: Caller, store: State, body: ClientCreate) -> Response:
    """Create a client. Managers and administrators only."""
    permissions.require_manager(caller, "create clients")
    with store.lock:
        at = store.now()
        client = Client(
            id=store.new_id("cli"),
            name=body.name,
            address=body.address,
            currency=body.currency or DEFAULT_CURRENCY,
            is_active=body.is_active is not False,
            payment_terms=body.payment_terms or "net_30",
            payment_days=_days(body.payment_terms or "net_30", body.payment_days),
            tax=body.tax,
            tax2=body.tax2,
            discount=body.discount,
            statement_key=store.new_id("statement"),
            created_at=at,
            updated_at=at,
        )
        store.save(client)
        return answer(store, client)


@router.get(
    "/api/v2/clients/{id}",
    operation_id="getClient",
    response_model=Client,
    responses=errors(404),
)
async def get_client(id: str, caller: Caller, store: State) -> Response:
    """Get a client."""
    with store.lock:
        return answer(store, _found(store, id))


@router.patch(
    "/api/v2/clients/{id}",
    operation_id="updateClient",
    response_model=Client,
    responses=errors(400, 403, 404),
    openapi_extra=_DESCRIBED_AS_NEW,
)
async def update_client(
    id: str,
    caller: Caller,
    store: State,
    body: ClientUpdate,
) -> Response:
    """Update a client. Managers and administrators only."""
    permissions.require_manager(caller, "change clients")
    with store.lock:
        client = _found(store, id)
        changed = replace(client, **body.given(), updated_at=store.now())
        if body.payment_terms:
            changed = replace(changed, payment_days=_days(body.payment_terms, body.payment_days))
        store.save(changed, *_renamed(store, changed))
        return answer(store, changed)


def _days(terms: str, days: int | None) -> int | None:
    if terms == "custom":
        return days
    return 0 if terms == "upon_receipt" else int(terms.removeprefix("net_"))


def _renamed(store: Store, client: Client) -> list[Record]:
    """The records that show the client's name, with the present one."""
    shown = IdName(id=client.id, name=client.name)
    return [
        replace(record, client=shown)
        for table in (store.projects, store.contacts, store.invoices)
        for record in table
        if record.client.id == client.id and record.client != shown
    ]


def _found(store: Store, client_id: str) -> Client:
    client = store.clients.get(client_id)
    if client is None:
        raise not_found("client", client_id)
    return client
