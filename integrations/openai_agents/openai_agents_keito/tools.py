"""Keito's operations as tools of the OpenAI Agents SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents import FunctionTool
from agents.tool_context import ToolContext

from keito import tools
from keito.billing import current_run, default_recorder

if TYPE_CHECKING:
    from keito.billing import Recorder


def log_outcome(recorder: Recorder | None = None) -> FunctionTool:
    """Make the tool by which a model says that it has achieved something.

    What it can name and what that costs comes from the recorder's contract. The outcome is billed
    to the run in which the model says it.

    Args:
        recorder: Whose contract; default: `keito.billing.default_recorder()`.
    """
    contract = (recorder or default_recorder()).contract
    return _function_tool(tools.log_outcome(contract.prices))


def _function_tool(tool: tools.Tool) -> FunctionTool:
    async def invoke(context: ToolContext[Any], arguments: str) -> str:
        """Answer in words that are safe for a model, whatever it gave: a raise ends the run."""
        try:
            said = tool.read(arguments)
            return tool.call(tools.Call(said, run=current_run(), id=context.tool_call_id))
        except tools.ToolRefused as refused:
            return str(refused)

    return FunctionTool(
        name=tool.name,
        description=tool.description,
        params_json_schema=tool.arguments.model_json_schema(),
        on_invoke_tool=invoke,
        strict_json_schema=True,
    )
