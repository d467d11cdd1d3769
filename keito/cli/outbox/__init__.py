"""`keito outbox`: what waits here for Keito, and what people decide about it."""

from __future__ import annotations

import typer

from .adopt import adopt
from .assign import assign
from .drop import drop
from .flush import flush
from .list import list_records
from .release import release
from .retry import retry
from .status import status

__all__ = ["outbox"]

outbox = typer.Typer(
    help="What waits here for Keito, and what people decide about it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
outbox.command()(status)
outbox.command("list")(list_records)
for _command in (flush, retry, assign, adopt, drop, release):
    outbox.command()(_command)
