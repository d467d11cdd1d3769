"""The command as a whole: what goes wrong in it is said in one line, never as a traceback."""

from __future__ import annotations

import sqlite3
import sys
from typing import Any

from typer.core import TyperGroup

from .._errors import KeitoError
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
            # Whoever read what we wrote has read enough.
            raise
        except OSError as error:
            fail(f"{error.filename or 'the outbox'} can't be used: {error.strerror or error}")
        except _database_error() as error:
            # What a server says may quote how it was reached, and that may hold a password.
            fail(f"the outbox's database can't be used: {type(error).__name__}")


class _NoError(Exception):
    """Never raised."""


def _database_error() -> type[Exception]:
    # Looked up when something has been raised: nobody else needs the package to be loaded.
    psycopg = sys.modules.get("psycopg")
    found: type[Exception] = _NoError if psycopg is None else psycopg.Error
    return found
