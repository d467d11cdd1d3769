"""The API as an ASGI app: routes, and one shape for every error."""

from __future__ import annotations

from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from .description import TITLE, describe
from .problems import Problem, invalid
from .routes import ROUTERS
from .settings import Settings
from .store import Store


def create_api(store: Store, settings: Settings) -> ASGIApp:
    """The app that answers the API's operations; who asks is settled before."""
    app = FastAPI(title=TITLE, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.store = store
    app.state.settings = settings
    for router in ROUTERS:
        app.include_router(router)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    answer_problems(app)
    return app


def answer_problems(app: FastAPI) -> None:
    """Answer every refusal in the API's own shape."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        plain = cast("HTTPException", error)
        error = Problem(plain.status_code, str(plain.detail), headers=plain.headers)
    return error.response(request.app.state.settings.errors)


async def _malformed(request: Request, error: Exception) -> Response:
    first = cast("RequestValidationError", error).errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:])
    return invalid(_said(field, first), field=field or None).response(
        request.app.state.settings.errors
    )


def _said(field: str, error: dict[str, Any]) -> str:
    what = field or "the body"
    if error["type"] == "missing":
        return f"{what} is required"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{what}: {message[:1].lower()}{message[1:]}"
