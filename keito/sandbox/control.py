"""The control API under `/_sandbox`: what only a sandbox can do. Loopback callers only."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import asdict
from typing import Annotated, cast

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp

from .account import Account
from .app import answer_problems
from .context import json_answer
from .exact import ExactRoute
from .faults import Fault, Injected
from .problems import ErrorShape, conflict, forbidden, not_found
from .rate_limit import RateLimit
from .records import InvoiceState
from .seed import (
    ACCOUNT_ID,
    CLIENT_ID,
    EXPENSE_CATEGORY_ID,
    KEY_PREFIX,
    PROJECT_ID,
    TASK_ID,
    USERS_BY_KEY,
)


class _Body(BaseModel):
    # A misspelt field must not be taken for a wish for the default.
    model_config = ConfigDict(extra="forbid")


class Ids(_Body):
    """Which time entries and expenses."""

    ids: Annotated[list[str], Field(min_length=1)]


class Outage(_Body):
    """How long connections are refused."""

    seconds: Annotated[float, Field(gt=0, le=3600)]


class Filling(_Body):
    """How many time entries to add."""

    entries: Annotated[int, Field(ge=1, le=1_000_000)]


class Change(_Body):
    """Settings to change; those left out stay."""

    errors: ErrorShape | None = None
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    requests_per_day: Annotated[int, Field(ge=1)] | None = None


class NewState(_Body):
    """Where to move an invoice."""

    state: InvoiceState


async def _only_loopback(request: Request) -> None:
    host = request.client.host if request.client else ""
    # A web page that the developer has open must not reach it either; browsers say where from.
    if not _is_loopback(host) or "origin" in request.headers:
        raise forbidden("the sandbox can be controlled from this machine only")


async def _account(request: Request) -> Account:
    return cast("Account", request.app.state.account)


Controlled = Annotated[Account, Depends(_account)]

router = APIRouter(
    prefix="/_sandbox", dependencies=[Depends(_only_loopback)], route_class=ExactRoute
)


def create_control(account: Account) -> ASGIApp:
    """The control API of a sandbox."""
    app = FastAPI(title="Keito sandbox control", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.account = account
    app.state.settings = account.settings
    app.include_router(router)
    answer_problems(app)
    return app


@router.get("")
async def overview(account: Controlled) -> Response:
    """What is in the sandbox, and the keys to it."""
    return json_answer(
        {
            "account_id": ACCOUNT_ID,
            "keys": {role: KEY_PREFIX + role for role in USERS_BY_KEY},
            "project_id": PROJECT_ID,
            "task_id": TASK_ID,
            "client_id": CLIENT_ID,
            "expense_category_id": EXPENSE_CATEGORY_ID,
            "counts": {_name(table.kind): len(table) for table in account.store.all()},
            "faults": len(account.faults),
            "errors": account.settings.errors,
        }
    )


@router.get("/records/{kind}")
async def records(kind: str, account: Controlled) -> Response:
    """Every record of a kind, such as `time_entries`, in the order in which they were made."""
    with account.store.lock:
        for table in account.store.all():
            if _name(table.kind) == kind:
                return json_answer({kind: list(table)})
    raise not_found("kind of record", kind)


@router.post("/approve")
async def approve(account: Controlled, body: Ids) -> Response:
    """Approve time entries and expenses."""
    account.approve(body.ids)
    return json_answer({"approved": body.ids})


@router.post("/lock")
async def lock(account: Controlled, body: Ids) -> Response:
    """Lock time entries and expenses."""
    account.lock(body.ids)
    return json_answer({"locked": body.ids})


@router.post("/bill")
async def bill(account: Controlled, body: Ids) -> Response:
    """Mark time entries and expenses as billed."""
    account.bill(body.ids)
    return json_answer({"billed": body.ids})


@router.patch("/invoices/{invoice_id}")
async def move_invoice(invoice_id: str, account: Controlled, body: NewState) -> Response:
    """Move an invoice to another state."""
    return json_answer(account.set_invoice_state(invoice_id, body.state))


@router.post("/fill")
async def fill(account: Controlled, body: Filling) -> Response:
    """Add many time entries."""
    account.fill(body.entries)
    return json_answer({"time_entries": len(account.store.time_entries)})


@router.post("/faults")
async def inject(account: Controlled, fault: Fault) -> Response:
    """Put a fault in place."""
    return json_answer(_described(account.faults.inject(fault)))


@router.get("/faults")
async def faults(account: Controlled) -> Response:
    """The faults that can still happen."""
    return json_answer({"faults": [_described(injected) for injected in account.faults.all()]})


@router.delete("/faults")
async def clear_faults(account: Controlled) -> Response:
    """Take all faults away."""
    cleared = len(account.faults)
    account.faults.clear()
    return json_answer({"cleared": cleared})


@router.post("/outage")
async def outage(account: Controlled, body: Outage) -> Response:
    """Refuse connections for some seconds, once this has been answered."""
    if account.interrupt is None:
        raise conflict("this server can't be interrupted; start the sandbox with `keito sandbox`")
    # The answer needs a moment to leave before every connection is cut.
    asyncio.get_running_loop().call_later(0.05, account.interrupt, body.seconds)
    return json_answer({"down": True})


@router.post("/settings")
async def change_settings(account: Controlled, body: Change) -> Response:
    """Change how the sandbox behaves, until it is reset."""
    if body.errors:
        account.settings.errors = body.errors
    if body.requests_per_minute or body.requests_per_day:
        account.settings.rate_limit = RateLimit(
            per_minute=body.requests_per_minute, per_day=body.requests_per_day
        )
    return json_answer(body.model_dump())


@router.get("/requests")
async def requests(account: Controlled) -> Response:
    """The requests to the API so far, without keys and bodies."""
    logged = account.requests.all()
    return json_answer({"requests": [request.described() for request in logged]})


@router.delete("/requests")
async def forget_requests(account: Controlled) -> Response:
    """Forget them."""
    account.requests.clear()
    return json_answer({"requests": []})


@router.post("/reset")
async def reset(account: Controlled) -> Response:
    """Go back to how the sandbox started."""
    account.reset()
    return json_answer({"reset": True})


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name(kind: type) -> str:
    """`TimeEntry` as the API names a list of it: `time_entries`."""
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__).strip("_")
    return f"{snake[:-1]}ies" if snake.endswith("y") else f"{snake}s"


def _described(injected: Injected) -> dict[str, object]:
    return {**asdict(injected.fault), "hits": injected.hits}
