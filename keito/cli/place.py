"""Which outbox a command is about, and whose records in it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from .._errors import KeitoError

if TYPE_CHECKING:
    from .._sync.client import Keito
    from ..billing.backlog import Backlog
    from ..billing.destination import Destination
    from ..billing.outbox.port import Outbox
    from ..billing.prices import Prices

OutboxPlace = Annotated[
    str | None,
    typer.Option(
        "--outbox",
        metavar="PLACE",
        envvar="KEITO_OUTBOX",
        help="A file, or a postgresql:// address. [default: the destination's own file]",
    ),
]
Credential = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="The name its recorders give the key. The key of NAME is read from "
        "KEITO_API_KEY_NAME, else from KEITO_API_KEY.",
    ),
]
DEFAULT_CREDENTIAL = "default"
_SQLITE = b"SQLite format 3\x00"
_DATABASES = ("postgresql://", "postgres://")


class UnusableError(KeitoError):
    """An outbox that is not there, or is none."""


@dataclass(frozen=True, slots=True)
class Place:
    """An outbox, and the destination whose records in it are meant."""

    where: str
    destination: Destination

    @property
    def in_database(self) -> bool:
        """Whether it is in PostgreSQL."""
        return self.where.startswith(_DATABASES)

    @property
    def exists(self) -> bool:
        """Whether anything was ever recorded there; a database is asked when it is used."""
        return self.in_database or Path(self.where).exists() or self._journal.exists()

    @property
    def _journal(self) -> Path:
        return Path(f"{self.where}-inbox")

    @property
    def _is_foreign(self) -> bool:
        path = Path(self.where)
        if self.in_database or not path.is_file():
            return False
        with path.open("rb") as file:
            beginning = file.read(len(_SQLITE))
        return beginning not in (b"", _SQLITE)

    @property
    def name(self) -> str:
        """What it may be called in an output: a database's address without its password."""
        if not self.in_database:
            return self.where
        parts = urlsplit(self.where)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"

    @contextmanager
    def opened(self) -> Iterator[Outbox]:
        """Open the outbox; where there is none, end the command instead of making one."""
        if not self.exists:
            raise UnusableError(
                f"there is no outbox at {self.name}: nothing has been recorded there"
            )
        if self._is_foreign:
            # A recorder moves a damaged outbox away to go on; here it may be a slip of the pen.
            raise UnusableError(f"{self.name} is no outbox; it is left as it is")
        with closing(self.open()) as outbox:
            yield outbox

    @contextmanager
    def backlog(self, prices: Prices | None = None) -> Iterator[Backlog]:
        """Open the outbox for decisions; where they render records, with these prices."""
        from ..billing.backlog import Backlog

        with self.opened() as outbox:
            yield Backlog(outbox, self.destination.id, prices=prices)

    def open(self) -> Outbox:
        """Open the outbox, which is made if there is none."""
        from ..billing.outbox import open_outbox

        if not self.in_database and Path(self.where).is_dir():
            raise UnusableError(f"{self.where} can't be used as an outbox: it is a folder")
        try:
            return open_outbox(self.where, self.destination)
        except sqlite3.Error as error:
            raise UnusableError(f"{self.name} can't be used as an outbox: {error}") from error


def place(outbox: str | None, credential: str = DEFAULT_CREDENTIAL) -> Place:
    """Return the place that the options and the environment name."""
    if not credential.strip():
        raise typer.BadParameter("--credential: give the name of a key")
    from ..billing.destination import destination
    from ..billing.outbox import default_path

    whose = destination(api_key=_key(credential), credential=credential)
    return Place(outbox or str(default_path(whose)), whose)


def keito(of: Destination) -> Keito:
    """Return a client for a destination; without a key the error says what to set."""
    from .._sync.client import Keito

    return Keito(api_key=of.api_key, account_id=of.account_id or None, base_url=of.base_url)


def _key(credential: str) -> str | None:
    if credential == DEFAULT_CREDENTIAL:
        return None
    variable = "KEITO_API_KEY_" + "".join(c if c.isalnum() else "_" for c in credential.upper())
    return os.environ.get(variable) or None
