"""`keito sandbox reset`: back to the start."""

from __future__ import annotations

from ..output import Json, show
from .remote import DEFAULT_URL, Url, control


def reset(url: Url = DEFAULT_URL, json: Json = False) -> None:
    """Go back to how the sandbox started, without faults."""
    answer = control(url, "POST", "/reset")
    show(answer, "as new", json=json)
