"""What an account calls its projects and clients, and in which currency each client pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._errors import KeitoForbiddenError

if TYPE_CHECKING:
    from .._sync.client import Keito
    from ..types.project import Project

_ACTIVE_OR_NOT = (True, False)


@dataclass(frozen=True, slots=True)
class Names:
    """The projects by their id, and the currency of each client's id, as far as they are seen."""

    projects: Mapping[str, Project]
    currencies: Mapping[str, str | None]

    def client(self, project_id: str) -> str | None:
        """Return the name of a project's client."""
        project = self.projects.get(project_id)
        client = project.client if project is not None else None
        return None if client is None else client.name or client.id

    def currency(self, project_id: str) -> str | None:
        """Return the currency of a project's client."""
        project = self.projects.get(project_id)
        client = project.client if project is not None else None
        return None if client is None else self.currencies.get(client.id)


def names_of(client: Keito) -> Names:
    """Read them all, archived ones too."""
    projects = {p.id: p for on in _ACTIVE_OR_NOT for p in client.projects.list(is_active=on)}
    return Names(projects, _currencies(client))


def _currencies(client: Keito) -> Mapping[str, str | None]:
    try:
        return {
            c.id: c.currency for on in _ACTIVE_OR_NOT for c in client.clients.list(is_active=on)
        }
    except KeitoForbiddenError:
        # An agent's key may not see who is billed: then nobody knows in which currency.
        return {}
