"""Tasks, which the API only lists."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ..bodies.fields import Maybe
from ..context import Caller, State
from ..described import errors
from ..exact import ExactRoute
from ..listing import list_answer
from ..pages import ChangedSince
from ..records import Task, TaskPage

router = APIRouter(tags=["Tasks"], route_class=ExactRoute)


class TaskQuery(ChangedSince):
    """Which tasks are wanted."""

    is_active: Maybe[bool] = None

    def accepts(self, task: Task) -> bool:
        """Whether the task is on the list."""
        return self.is_active in (None, task.is_active) and self.is_recent(task)


@router.get(
    "/api/v2/tasks",
    operation_id="listTasks",
    response_model=TaskPage,
    responses=errors(400),
)
async def list_tasks(
    request: Request, caller: Caller, store: State, query: Annotated[TaskQuery, Query()]
) -> Response:
    """List tasks."""
    return list_answer(request, store, Task, "tasks", query, accepts=query.accepts)
