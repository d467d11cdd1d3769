"""What Keito refuses for the time being: a key, a project."""

from __future__ import annotations


class Holds:
    """Remembers until when; in memory only, so that a new process tries at once."""

    def __init__(self) -> None:
        self._credential_until = 0.0
        self._project_until: dict[str, float] = {}

    def hold_credential(self, *, until: float) -> None:
        """Send nothing until then."""
        self._credential_until = until

    def hold_project(self, project: str, *, until: float) -> None:
        """Send nothing for this project until then."""
        self._project_until[project] = until

    def credential(self, now: float) -> bool:
        """Whether the key is held."""
        return now < self._credential_until

    def projects(self, now: float) -> list[str]:
        """List the projects that are held."""
        return [project for project, until in self._project_until.items() if now < until]

    def names(self, now: float) -> tuple[str, ...]:
        """Name all that is held, for people."""
        credential = ("the API key",) if self.credential(now) else ()
        return (*credential, *(f"project {project}" for project in self.projects(now)))
