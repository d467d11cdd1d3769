"""The command as a whole: what goes wrong in it is said in one line, never as a traceback."""

from __future__ import annotations

import os
import sqlite3
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from .._errors import KeitoError
from .exits import UNREAD
from .output import fail


class Group(TyperGroup):
    """Turns the errors that are to be expected into a message and an exit code."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        """Run a command."""
        try:
            return super().invoke(ctx)
        except KeitoError as error:
            fail(str(error))
        except sqlite3.Error as error:
            fail(f"the outbox can't be used: {error}")
        except BrokenPipeError:
            # Else Python tries once more at exit, and complains.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(UNREAD) from None
        except OSError as error:
            fail(f"{error.filename or 'the outbox'} can't be used: {error.strerror or error}")
        except database_error() as error:
            fail(f"the outbox's database can't be used: {told(error)}")


class _NoError(Exception):
    """Never raised."""


def told(error: Exception) -> str:
    """Return what a database error says, unless it quotes how the server is reached."""
    said = str(error).partition("\n")[0].strip()
    # That may hold a password.
    secret = not said or "://" in said or "password=" in said
    return type(error).__name__ if secret else said


def database_error() -> type[Exception]:
    """Return what psycopg raises, or what nobody raises where it is not loaded."""
    # Looked up when something has been raised: nobody else needs the package to be loaded.
    psycopg = sys.modules.get("psycopg")
    found: type[Exception] = _NoError if psycopg is None else psycopg.Error
    return found
