"""Which tools a model is given: one, unless the developer names others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from ..billing import default_recorder
from .call import Approve, Decides
from .expense import ExpenseItem, log_expense
from .lists import list_projects, list_tasks
from .outcome import log_outcome
from .summary import my_summary
from .time import TimeRules, log_time
from .tool import Tool

if TYPE_CHECKING:
    from ..billing import Recorder

NAMES = ("log_outcome", "log_time", "log_expense", "list_projects", "list_tasks", "my_summary")
"""All tools there are."""

_READS: Mapping[str, Callable[..., Tool]] = {
    "list_projects": list_projects,
    "list_tasks": list_tasks,
    "my_summary": my_summary,
}


def tools(
    recorder: Recorder | None = None,
    include: Iterable[str] = ("log_outcome",),
    *,
    verify: Decides | None = None,
    approve: Approve | Mapping[str, Approve] = False,
    time: TimeRules | None = None,
    expenses: Mapping[str, ExpenseItem] | None = None,
) -> list[Tool]:
    """Make the tools for a model.

    Args:
        recorder: Whose contract says which outcomes there are; default:
            `keito.billing.default_recorder()`.
        include: Their names: `log_outcome`, `log_time`, `log_expense`, `list_projects`,
            `list_tasks`, `my_summary`.
        verify: Your function, sync or async, that gets each `Claim` before it is recorded. Only
            True is a yes; a text says to the model why not. If it fails, nothing is recorded.
        approve: True: a person must approve, in the framework's own way; where nobody can be asked
            the tool is refused. A function: it decides, as `verify` does. By a tool's name: for
            that tool.
        time: What time `log_time` may log; needed for it.
        expenses: What `log_expense` may name; needed for it.

    Raises:
        ValueError: There is no tool of that name, or what it needs is missing.
        TypeError: An argument has the wrong type.
    """
    names = _names(include)
    approves = _by_tool(approve, names)
    return [
        _tool(name, recorder, verify, approves.get(name, False), time, expenses) for name in names
    ]


def _names(include: Iterable[str]) -> list[str]:
    names = [include] if isinstance(include, str) else list(dict.fromkeys(include))
    for name in names:
        if name not in NAMES:
            raise ValueError(f"include: there is no tool {name!r}; there are {', '.join(NAMES)}")
    return names


def _by_tool(approve: Approve | Mapping[str, Approve], names: list[str]) -> Mapping[str, Approve]:
    if not isinstance(approve, Mapping):
        return dict.fromkeys(names, approve)
    # A misspelt name would leave a tool without the approval it was to have.
    for name in approve:
        if name not in names:
            raise ValueError(f"approve: {name!r} is not one of the tools: {', '.join(names)}")
    return approve


def _tool(
    name: str,
    recorder: Recorder | None,
    verify: Decides | None,
    approve: Approve,
    time: TimeRules | None,
    expenses: Mapping[str, ExpenseItem] | None,
) -> Tool:
    if name == "log_outcome":
        contract = (recorder or default_recorder()).contract
        return log_outcome(contract, verify=verify, approve=approve)
    if name == "log_time":
        if time is None:
            raise ValueError("log_time needs time=TimeRules(...)")
        return log_time(time, verify=verify, approve=approve)
    if name == "log_expense":
        if not expenses:
            raise ValueError("log_expense needs expenses={...}")
        return log_expense(expenses, verify=verify, approve=approve)
    return _READS[name](approve=approve)
