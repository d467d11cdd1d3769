"""What counts towards a cap or a rounded day: names under which records add up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ._facts import utf8
from .keys import charged_together
from .run_facts import StartFacts, target_of

Tallied: TypeAlias = Callable[[str], int]
"""How much is on record under a name."""


def daily(start: StartFacts, kind: str, what: str, day: object) -> str:
    """Name what a project's records of one kind count towards on a day."""
    project = target_of(start).project_id or ""
    mode = charged_together(start["mode"])
    return utf8("\n".join((kind, start["destination"], mode, project, what, str(day))))
