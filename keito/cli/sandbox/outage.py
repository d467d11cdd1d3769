"""`keito sandbox outage`: refuse connections for a while."""

from __future__ import annotations

from typing import Annotated

import typer

from ..output import Json, show
from .remote import DEFAULT_URL, Url, control


def outage(
    seconds: Annotated[float, typer.Argument(help="For how long.")],
    url: Url = DEFAULT_URL,
    json: Json = False,
) -> None:
    """Refuse connections for some seconds."""
    answer = control(url, "POST", "/outage", {"seconds": seconds})
    show(answer, f"down for {seconds:g} s", json=json)
