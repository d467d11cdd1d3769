"""Keito's operations as tools of the OpenAI Agents SDK."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from agents import FunctionTool
from agents.tool_context import ToolContext

from keito import tools
from keito.billing import current_run

if TYPE_CHECKING:
    from keito.billing import Recorder


def keito_tools(
    recorder: Recorder | None = None,
    include: Iterable[str] = ("log_outcome",),
    *,
    verify: tools.Decides | None = None,
    approve: tools.Approve | Mapping[str, tools.Approve] = False,
    time: tools.TimeRules | None = None,
    expenses: Mapping[str, tools.ExpenseItem] | None = None,
) -> list[FunctionTool]:
    """Make the tools you choose to give to a model; by default `log_outcome` alone.

    A model only sees them in a billed run that has a target.

    Args:
        recorder: See `keito.tools.tools`; this and the rest.
        include: Their names.
        verify: Your function that may refuse.
        approve: Who must approve. True: the SDK interrupts the run until you approve or reject it
            (`needs_approval`).
        time: What `log_time` may log.
        expenses: What `log_expense` may name.
    """
    chosen = tools.tools(
        recorder, include, verify=verify, approve=approve, time=time, expenses=expenses
    )
    return [keito_tool(tool) for tool in chosen]


def log_outcome(
    recorder: Recorder | None = None,
    *,
    verify: tools.Decides | None = None,
    approve: tools.Approve = False,
) -> FunctionTool:
    """Make the tool by which a model says that it has achieved something.

    What it can name and what that costs comes from the recorder's contract. The outcome is billed
    to the run in which the model says it.

    Args:
        recorder: Whose contract; default: `keito.billing.default_recorder()`.
        verify: Your function that may refuse; see `keito.tools.tools`.
        approve: Who must approve; see `keito_tools`.
    """
    (tool,) = tools.tools(recorder, verify=verify, approve=approve)
    return keito_tool(tool)


def keito_tool(tool: tools.Tool) -> FunctionTool:
    """Make a tool of the SDK of one of `keito.tools`, such as `keito.tools.my_summary()`."""

    async def invoke(context: ToolContext[Any], arguments: str) -> str:
        """Answer in words that are safe for a model, whatever it gave: a raise ends the run."""

        def ask(claim: tools.Claim) -> bool:
            # The SDK asks before it calls a tool; here we only make sure that it did.
            return context.is_tool_approved(tool.name, context.tool_call_id) is True

        try:
            said = tool.read(arguments or "{}")
            call = tools.Call(said, run=current_run(), id=context.tool_call_id, ask=ask)
            return await tool.acall(call)
        except tools.ToolRefused as refused:
            return str(refused)

    def is_enabled(context: object, agent: object) -> bool:
        return _is_billed() or _is_decided(context, tool.name)

    return FunctionTool(
        name=tool.name,
        description=tool.description,
        params_json_schema=tool.arguments.model_json_schema(),
        on_invoke_tool=invoke,
        strict_json_schema=True,
        is_enabled=is_enabled,
        needs_approval=tool.approve is True,
    )


def _is_billed() -> bool:
    """Whether there is somebody to bill: without, a model need not know of the tool."""
    run = current_run()
    return run is not None and run.target is not None


def _is_decided(context: object, name: str) -> bool:
    """Whether a person has decided about a call: a run that goes on fails if the tool is gone."""
    # The SDK tells of a decision those only who know the call, and keeps them all by keys that hold
    # the tool's name.
    return any(name in str(key) for key in getattr(context, "_approvals", ()))
