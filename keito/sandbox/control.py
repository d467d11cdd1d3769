"""The control API under `/_sandbox`: what only a sandbox can do. Loopback callers only."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp

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

if TYPE_CHECKING:
    from .sandbox import Sandbox


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


async def _sandbox(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


Controlled = Annotated["Sandbox", Depends(_sandbox)]

router = APIRouter(
    prefix="/_sandbox", dependencies=[Depends(_only_loopback)], route_class=ExactRoute
)


def create_control(sandbox: Sandbox) -> ASGIApp:
    """The control API of a sandbox."""
    app = FastAPI(title="Keito sandbox control", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.sandbox = sandbox
    app.state.settings = sandbox.settings
    app.include_router(router)
    answer_problems(app)
    return app


@router.get("")
async def overview(sandbox: Controlled) -> Response:
    """What is in the sandbox, and the keys to it."""
    return json_answer(
        {
            "account_id": ACCOUNT_ID,
            "keys": {role: KEY_PREFIX + role for role in USERS_BY_KEY},
            "project_id": PROJECT_ID,
            "task_id": TASK_ID,
            "client_id": CLIENT_ID,
            "expense_category_id": EXPENSE_CATEGORY_ID,
            "counts": {_name(table.kind): len(table) for table in sandbox.store.all()},
            "faults": len(sandbox.faults),
            "errors": sandbox.settings.errors,
        }
    )


@router.get("/records/{kind}")
async def records(kind: str, sandbox: Controlled) -> Response:
    """Every record of a kind, such as `time_entries`, in the order in which they were made."""
    with sandbox.store.lock:
        for table in sandbox.store.all():
            if _name(table.kind) == kind:
                return json_answer({kind: list(table)})
    raise not_found("kind of record", kind)


@router.post("/approve")
async def approve(sandbox: Controlled, body: Ids) -> Response:
    """Approve time entries and expenses."""
    sandbox.approve(body.ids)
    return json_answer({"approved": body.ids})


@router.post("/lock")
async def lock(sandbox: Controlled, body: Ids) -> Response:
    """Lock time entries and expenses."""
    sandbox.lock(body.ids)
    return json_answer({"locked": body.ids})


@router.post("/bill")
async def bill(sandbox: Controlled, body: Ids) -> Response:
    """Mark time entries and expenses as billed."""
    sandbox.bill(body.ids)
    return json_answer({"billed": body.ids})


@router.patch("/invoices/{invoice_id}")
async def move_invoice(invoice_id: str, sandbox: Controlled, body: NewState) -> Response:
    """Move an invoice to another state."""
    return json_answer(sandbox.set_invoice_state(invoice_id, body.state))


@router.post("/fill")
async def fill(sandbox: Controlled, body: Filling) -> Response:
    """Add many time entries."""
    sandbox.fill(body.entries)
    return json_answer({"time_entries": len(sandbox.store.time_entries)})


@router.post("/faults")
async def inject(sandbox: Controlled, fault: Fault) -> Response:
    """Put a fault in place."""
    return json_answer(_described(sandbox.faults.inject(fault)))


@router.get("/faults")
async def faults(sandbox: Controlled) -> Response:
    """The faults that can still happen."""
    return json_answer({"faults": [_described(injected) for injected in sandbox.faults.all()]})


@router.delete("/faults")
async def clear_faults(sandbox: Controlled) -> Response:
    """Take all faults away."""
    cleared = len(sandbox.faults)
    sandbox.faults.clear()
    return json_answer({"cleared": cleared})


@router.post("/outage")
async def outage(sandbox: Controlled, body: Outage) -> Response:
    """Refuse connections for some seconds, once this has been answered."""
    if sandbox.interrupt is None:
        raise conflict("this server can't be interrupted; start the sandbox with `keito sandbox`")
    # The answer needs a moment to leave before every connection is cut.
    asyncio.get_running_loop().call_later(0.05, sandbox.interrupt, body.seconds)
    return json_answer({"down": True})


@router.post("/settings")
async def change_settings(sandbox: Controlled, body: Change) -> Response:
    """Change how the sandbox behaves, until it is reset."""
    if body.errors:
        sandbox.settings.errors = body.errors
    if body.requests_per_minute or body.requests_per_day:
        sandbox.settings.rate_limit = RateLimit(
            per_minute=body.requests_per_minute, per_day=body.requests_per_day
        )
    return json_answer(body.model_dump())


@router.get("/requests")
async def requests(sandbox: Controlled) -> Response:
    """The requests to the API so far, without keys and bodies."""
    logged = sandbox.requests.all()
    return json_answer({"requests": [request.described() for request in logged]})


@router.delete("/requests")
async def forget_requests(sandbox: Controlled) -> Response:
    """Forget them."""
    sandbox.requests.clear()
    return json_answer({"requests": []})


@router.post("/reset")
async def reset(sandbox: Controlled) -> Response:
    """Go back to how the sandbox started."""
    sandbox.reset()
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
