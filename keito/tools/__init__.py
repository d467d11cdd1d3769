"""Keito operations as data, safe to give to a model: a framework's adapter makes its tools of them.

The model says what happened. Whom it bills, what it costs and whether it counts is the
developer's: none of that is ever an argument.
"""

from __future__ import annotations

from .call import Answer, Approve, Call, Claim, Decides, ToolRefused, explained
from .choose import NAMES, tools
from .cleaning import MOST_SUBJECT, MOST_TEXT, cleaned
from .expense import ExpenseItem, log_expense
from .lists import list_projects, list_tasks
from .outcome import COMMON_TYPES, log_outcome
from .summary import my_summary
from .time import TimeRules, log_time
from .tool import NOBODY, Tool

__all__ = [
    "COMMON_TYPES",
    "MOST_SUBJECT",
    "MOST_TEXT",
    "NAMES",
    "NOBODY",
    "Answer",
    "Approve",
    "Call",
    "Claim",
    "Decides",
    "ExpenseItem",
    "TimeRules",
    "Tool",
    "ToolRefused",
    "cleaned",
    "explained",
    "list_projects",
    "list_tasks",
    "log_expense",
    "log_outcome",
    "log_time",
    "my_summary",
    "tools",
]
