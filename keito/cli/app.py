"""The commands, each in a file of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import __version__
from .courier import courier
from .doctor import doctor
from .explain import explain
from .export import export
from .group import Group
from .outbox import outbox
from .output import say
from .sandbox import sandbox
from .summary import summary
from .sweep import sweep
from .tail import tail
from .void import void

app = typer.Typer(
    name="keito",
    help="Bill for what your AI agents do.",
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(sandbox, name="sandbox")
for _command in (courier, doctor, summary, explain, void, export, tail, sweep):
    app.command()(_command)
app.add_typer(outbox, name="outbox")


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"keito {__version__}")
        raise typer.Exit


@app.callback()
def keito(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Bill for what your AI agents do."""
