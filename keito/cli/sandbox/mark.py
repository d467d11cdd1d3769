"""`keito sandbox approve`, `lock` and `bill`: what people do to recorded work."""

from __future__ import annotations

from typing import Annotated

import typer

from ..output import Json, show
from .remote import DEFAULT_URL, Url, control

Ids = Annotated[list[str], typer.Argument(help="Time entries and expenses.")]


def approve(ids: Ids, url: Url = DEFAULT_URL, json: Json = False) -> None:
    """Approve time entries and expenses."""
    _mark("approve", "approved", ids, url, json)


def lock(ids: Ids, url: Url = DEFAULT_URL, json: Json = False) -> None:
    """Lock time entries and expenses."""
    _mark("lock", "locked", ids, url, json)


def bill(ids: Ids, url: Url = DEFAULT_URL, json: Json = False) -> None:
    """Mark time entries and expenses as billed."""
    _mark("bill", "billed", ids, url, json)


def _mark(verb: str, done: str, ids: list[str], url: str, json: bool) -> None:
    answer = control(url, "POST", f"/{verb}", {"ids": ids})
    show(answer, f"{done}: {', '.join(answer[done])}", json=json)
