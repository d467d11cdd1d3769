# Generated from keito/_async/projects.py: change that, then run `make fix`.
"""The resource `projects`."""

from __future__ import annotations

from datetime import datetime

from .._request import path
from ..types._arguments import given
from ..types.project import Project, ProjectFilter
from ..types.request_options import RequestOptions
from .pages import Page
from .resource import Resource


class Projects(Resource):
    """What is worked on, and for whom."""

    def list(
        self,
        *,
        is_active: bool | None = None,
        client_id: str | None = None,
        updated_since: datetime | str | None = None,
        page: int | None = None,
        per_page: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> Page[Project]:
        """Projects.

        Args:
            is_active: Active ones (Keito's default) or archived ones.
            client_id: For one client.
            updated_since: Made or changed since.
            page: Start with this page instead of the first.
            per_page: Objects a page, 2,000 at most.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong.
        """
        choice = given(
            ProjectFilter,
            is_active=is_active,
            client_id=client_id,
            updated_since=updated_since,
            page=page,
            per_page=per_page,
        )
        return self._list(Project, path("projects"), choice, request_options)
