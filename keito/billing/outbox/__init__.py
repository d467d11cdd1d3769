"""Where records wait until Keito has them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..._errors import KeitoConfigError
from .. import _log
from .._forks import whole
from ..destination import Destination
from .port import Outbox

__all__ = ["Outbox", "default_path", "open_outbox"]

_DATABASES = ("postgresql://", "postgres://")


def open_outbox(
    place: str | Path | Outbox | None, destination: Destination, *, inline: float = 0.0
) -> Outbox:
    """Open the outbox a recorder was given, or the default one for its destination.

    Args:
        place: What the recorder was given.
        destination: Whose default it is otherwise.
        inline: Seconds that an agent may be held up for.
    """
    if place is not None and not isinstance(place, (str, Path)):
        return place
    chosen = place or os.environ.get("KEITO_OUTBOX")
    if isinstance(chosen, str) and chosen.startswith(_DATABASES):
        return _in_postgres(chosen)
    with whole():
        from .sqlite import SqliteOutbox

    path = Path(chosen).expanduser() if chosen else default_path(destination)
    return SqliteOutbox(path, inline=inline)


def _in_postgres(dsn: str) -> Outbox:
    try:
        with whole():
            from .postgres import PostgresOutbox
    except ImportError:
        message = "an outbox in PostgreSQL needs psycopg: pip install 'keito[postgres]'"
        _log.warn("psycopg", message)
        raise KeitoConfigError(message) from None
    return PostgresOutbox(dsn)


def default_path(destination: Destination) -> Path:
    """Return the file that records for a destination are kept in, and no others."""
    return _state_folder() / "keito" / f"outbox-{destination.id}.db"


def _state_folder() -> Path:
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return Path(os.environ.get("XDG_STATE_HOME") or home / ".local" / "state")
