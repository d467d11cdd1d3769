"""The caller."""

from __future__ import annotations

from fastapi import APIRouter, Response

from ..context import Caller, State, answer
from ..described import errors
from ..exact import ExactRoute
from ..records import User

router = APIRouter(tags=["Users"], route_class=ExactRoute)


@router.get(
    "/api/v2/users/me",
    operation_id="getCurrentUser",
    response_model=User,
    responses=errors(),
)
async def get_current_user(caller: Caller, store: State) -> Response:
    """Get the current user."""
    with store.lock:
        return answer(store, caller)
