"""Keito's operations as LangChain tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.tools import BaseTool, ToolException
from pydantic import PrivateAttr

from keito import tools
from keito.billing import current_run, default_recorder

from ._tree import tree

if TYPE_CHECKING:
    from keito.billing import Recorder

RunManager = CallbackManagerForToolRun | AsyncCallbackManagerForToolRun


class KeitoTool(BaseTool):
    """One of Keito's operations. It belongs to the billed run in which the model calls it."""

    _operation: tools.Tool = PrivateAttr()

    def _run(
        self, *, run_manager: CallbackManagerForToolRun | None = None, **arguments: object
    ) -> str:
        return self._call(arguments, run_manager)

    async def _arun(
        self, *, run_manager: AsyncCallbackManagerForToolRun | None = None, **arguments: object
    ) -> str:
        return self._call(arguments, run_manager)

    def _call(self, arguments: dict[str, object], run_manager: RunManager | None) -> str:
        said = self._operation.arguments.model_validate(arguments)
        node = tree.find(run_manager.run_id if run_manager is not None else None)
        if node is not None:
            call = tools.Call(said, run=node.root.run, id=node.tool_call_id)
        else:
            call = tools.Call(said, run=current_run())
        try:
            return self._operation.call(call)
        except tools.ToolRefused as refused:
            raise ToolException(str(refused)) from None


def log_outcome(recorder: Recorder | None = None) -> KeitoTool:
    """Make the tool by which a model says that it has achieved something.

    What it can name and what that costs comes from the recorder's contract. The outcome is billed
    to the run in which the model says it.

    Args:
        recorder: Whose contract; default: `keito.billing.default_recorder()`.
    """
    contract = (recorder or default_recorder()).contract
    return _langchain_tool(tools.log_outcome(contract.prices))


def _langchain_tool(operation: tools.Tool) -> KeitoTool:
    settings: dict[str, Any] = {
        "name": operation.name,
        "description": operation.description,
        "args_schema": operation.arguments,
        # The model reads why, and the agent goes on.
        "handle_tool_error": True,
        "handle_validation_error": tools.explained,
    }
    tool = KeitoTool(**settings)
    tool._operation = operation
    return tool
