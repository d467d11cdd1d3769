"""What an hour of a piece of work is worth."""

from __future__ import annotations

from decimal import Decimal

from .records import Project, Task, User


def billable_rate(project: Project, task: Task, user: User, *, billable: bool) -> Decimal | None:
    """The hourly rate billed to the client; None when nothing is billed or no rate is known."""
    if not billable:
        return None
    rates = {
        "Project": project.hourly_rate,
        "Tasks": task.default_hourly_rate,
        "People": user.default_hourly_rate,
    }
    return rates.get(project.bill_by)


def is_billable(project: Project, task: Task, wanted: bool | None) -> bool:
    """Whether work is billed: as asked for, else as the task is; never on an unbilled project."""
    return project.is_billable and (task.billable_by_default if wanted is None else wanted)
