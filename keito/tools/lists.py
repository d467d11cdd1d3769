"""`list_projects` and `list_tasks`: names, and nothing else, of what the client's work is."""

from __future__ import annotations

from functools import partial

from pydantic import create_model

from .call import Approve, Claim
from .reading import check, listed, opened, projects_of_client
from .tool import Tool


def list_projects(*, approve: Approve = False) -> Tool:
    """Make the tool that names the active projects of the current client, and of no other."""
    return Tool(
        name="list_projects",
        description="List the projects of the client you work for.",
        arguments=create_model("ListProjects"),
        check=partial(check, tool="list_projects"),
        carry_out=_projects,
        writes=False,
        waits=True,
        approve=approve,
    )


def list_tasks(*, approve: Approve = False) -> Tool:
    """Make the tool that names the active tasks, which are the same for all projects."""
    return Tool(
        name="list_tasks",
        description="List the kinds of work that there are.",
        arguments=create_model("ListTasks"),
        check=partial(check, tool="list_tasks"),
        carry_out=_tasks,
        writes=False,
        waits=True,
        approve=approve,
    )


def _projects(claim: Claim) -> str:
    with opened(claim) as keito:
        _, found = projects_of_client(keito, claim)
    return listed("Projects", [one.name for one in found if one.is_active is not False])


def _tasks(claim: Claim) -> str:
    with opened(claim) as keito:
        found = list(keito.tasks.list(is_active=True))
    return listed("Tasks", [one.name for one in found if one.is_active is not False])
