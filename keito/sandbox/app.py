"""The API as an ASGI app: routes, and one shape for every error."""

from __future__ import annotations

from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from .description import TITLE, describe
from .problems import Problem, invalid
from .routes import ROUTERS
from .settings import Settings
from .store import Store


def create_api(store: Store, settings: Settings) -> FastAPI:
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
        error = _problem(request, cast("HTTPException", error))
    return error.response(request.app.state.settings.errors)


def _problem(request: Request, error: HTTPException) -> Problem:
    method, path = request.method, request.url.path
    if error.status_code == 404:
        return Problem(404, f"there is no {path}")
    if error.status_code == 405:
        return Problem(405, f"{path} takes no {method}", headers={"Allow": _methods(path)})
    return Problem(error.status_code, str(error.detail), headers=error.headers)


def _methods(path: str) -> str:
    """What a path takes, of all its routes: the framework names those of the first alone."""
    routes = [route for router in ROUTERS for route in router.routes]
    found = {
        method
        for route in routes
        if isinstance(route, APIRoute) and route.path_regex.fullmatch(path)
        for method in route.methods or ()
    }
    return ", ".join(sorted(found))


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
