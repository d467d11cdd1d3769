"""Who may do what: agents and members see and change their own work, managers everyone's."""

from __future__ import annotations

from datetime import date

from .problems import Problem, broken_rule, forbidden, not_found
from .records import Expense, Project, Task, TimeEntry, User
from .store import Store

_MANAGING = {"manager", "admin"}


def is_manager(user: User) -> bool:
    """Whether the user may act for others."""
    return not _MANAGING.isdisjoint(user.roles)


def require_manager(user: User, what: str) -> None:
    """Refuse all but managers and administrators."""
    if not is_manager(user):
        raise forbidden(f"only managers and administrators may {what}")


def require_admin(user: User, what: str) -> None:
    """Refuse all but administrators."""
    if "admin" not in user.roles:
        raise forbidden(f"only administrators may {what}")


def require_own(user: User, record: TimeEntry | Expense) -> None:
    """Refuse to change other people's work, unless a manager does it."""
    if record.user_id != user.id and not is_manager(user):
        raise forbidden("only managers and administrators may change the work of others")


def visible_user(user: User) -> str | None:
    """Whose work the user sees: None for everyone's."""
    return None if is_manager(user) else user.id


def worker(store: Store, caller: User, user_id: str | None) -> User:
    """Whose work is being recorded."""
    if user_id is None or user_id == caller.id:
        return caller
    require_manager(caller, "record work for others")
    found = store.users.get(user_id)
    if found is None:
        raise not_found("user", user_id)
    return found


def project_for(store: Store, user: User, project_id: str, on: date) -> Project:
    """The project, if the user may record work on it on that day."""
    project = store.projects.get(project_id)
    if project is None:
        raise not_found("project", project_id)
    if store.assignments.get(f"{project_id}:{user.id}") is None:
        raise _not_assigned(user, project)
    if not project.is_active:
        raise broken_rule(f"project {project_id} is archived", field="project_id")
    if (project.starts_on and on < project.starts_on) or (project.ends_on and on > project.ends_on):
        raise broken_rule(f"project {project_id} does not run on {on}", field="spent_date")
    return project


def task_for(store: Store, task_id: str) -> Task:
    """The task, if work may be recorded on it."""
    task = store.tasks.get(task_id)
    if task is None:
        raise not_found("task", task_id)
    if not task.is_active:
        raise broken_rule(f"task {task_id} is archived", field="task_id")
    return task


def _not_assigned(user: User, project: Project) -> Problem:
    message = f"user {user.id} is not assigned to project {project.id}"
    return forbidden(message, code="project_not_assigned")
