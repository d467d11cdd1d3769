# Generated from keito/_async/tasks.py: change that, then run `make fix`.
"""The resource `tasks`."""

from __future__ import annotations

from datetime import datetime

from .._request import path
from ..types._arguments import given
from ..types.request_options import RequestOptions
from ..types.task import Task, TaskFilter
from .pages import Page
from .resource import Resource


class Tasks(Resource):
    """Kinds of work, the same for all projects."""

    def list(
        self,
        *,
        is_active: bool | None = None,
        updated_since: datetime | str | None = None,
        page: int | None = None,
        per_page: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> Page[Task]:
        """Tasks.

        Args:
            is_active: Only active ones, or only others.
            updated_since: Made or changed since.
            page: Start with this page instead of the first.
            per_page: Objects a page, 2,000 at most.
            request_options: How this call differs from the client's settings.

        Raises:
            KeitoInputError: An argument is wrong.
        """
        choice = given(
            TaskFilter,
            is_active=is_active,
            updated_since=updated_since,
            page=page,
            per_page=per_page,
        )
        return self._list(Task, path("tasks"), choice, request_options)
