"""`keito sandbox` itself: serve until told to stop."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from ...testing import Role
from ..output import fail, say
from ..signals import signalled
from .remote import DEFAULT_PORT

if TYPE_CHECKING:
    from ...testing import LocalKeito


def serve(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen; 0 is any free port.")
    ] = DEFAULT_PORT,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the state in this file. [default: in memory]"),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="Make ids and times the same on every run."),
    ] = None,
    role: Annotated[Role, typer.Option(help="Whose API key to print.")] = "admin",
) -> None:
    """Run a local Keito, which takes only requests from this machine."""
    if context.invoked_subcommand:
        return
    # From before the first line is printed, since whoever reads it may stop us at once.
    with signalled() as told, ExitStack() as stack:
        _announce(_started(stack, port, data, seed, role), data)
        _wait(told)
    say("stopped")


def _started(
    stack: ExitStack, port: int, data: Path | None, seed: int | None, role: Role
) -> LocalKeito:
    try:
        from ...sandbox import DataFileError
        from ...testing import sandbox
    except ImportError as error:
        fail(str(error))
    try:
        return stack.enter_context(sandbox(port=port, data=data, seed=seed, role=role))
    except DataFileError as error:
        fail(str(error))
    except OSError as error:
        fail(f"port {port} can't be used ({error.strerror}): choose another with --port")


def _announce(local: LocalKeito, data: Path | None) -> None:
    say(f"A local Keito runs at {local.base_url}", style="bold")
    say(f"It keeps its state in {data}" if data else "It forgets everything when it stops")
    say()
    say("To use it, copy these lines into the terminal of your agent:")
    say()
    for name, value in local.env.items():
        say(f"export {name}={value}", style="cyan")
    say()
    say("Other keys:")
    for role in get_args(Role):
        say(f"  {local.key(role)}")
    say()
    say("Press Ctrl-C to stop")


def _wait(told: threading.Event) -> None:
    # In turns, because on Windows a wait without an end can't be interrupted.
    while not told.wait(0.5):
        pass
