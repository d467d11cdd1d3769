"""Projects, which the API only lists."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from .. import permissions
from ..bodies.fields import Maybe
from ..context import Caller, State
from ..described import errors
from ..exact import ExactRoute
from ..listing import list_answer
from ..pages import ChangedSince
from ..records import Project, ProjectPage

router = APIRouter(tags=["Projects"], route_class=ExactRoute)


class ProjectQuery(ChangedSince):
    """Which projects are wanted."""

    is_active: bool = True
    client_id: Maybe[str] = None


@router.get(
    "/api/v2/projects",
    operation_id="listProjects",
    response_model=ProjectPage,
    responses=errors(400),
)
async def list_projects(
    request: Request, caller: Caller, store: State, query: Annotated[ProjectQuery, Query()]
) -> Response:
    """List projects: for members and agents, those they may record work on."""
    own = store.projects_assigned_to(permissions.visible_user(caller))

    def accepts(project: Project) -> bool:
        return (
            project.is_active == query.is_active
            and query.client_id in (None, project.client.id)
            and (own is None or project.id in own)
            and query.is_recent(project)
        )

    return list_answer(request, store, Project, "projects", query, accepts=accepts, scope=own)
