"""Keito's operations as LangChain tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.tools import BaseTool, BaseToolkit, ToolException
from pydantic import PrivateAttr

from keito import tools
from keito.billing import current_run

from ._approval import ask_person
from ._tree import tree

if TYPE_CHECKING:
    from keito.billing import Recorder

RunManager = CallbackManagerForToolRun | AsyncCallbackManagerForToolRun


class Artifact(TypedDict):
    """What your program finds beside the answer that the model reads; the model never sees it.

    Attributes:
        operation: The tool's name.
        run_id: The billed run it belongs to: the `run_id` in the metadata of Keito's entries.
    """

    operation: str
    run_id: str | None


class KeitoTool(BaseTool):
    """One of Keito's operations. It belongs to the billed run in which the model calls it.

    It answers with a text for the model and an `Artifact` for your program.
    """

    _operation: tools.Tool = PrivateAttr()

    def _run(
        self, *, run_manager: CallbackManagerForToolRun | None = None, **arguments: object
    ) -> tuple[str, Artifact]:
        try:
            call = self._call(arguments, run_manager)
            return self._operation.call(call), self._artifact(call)
        except tools.ToolRefused as refused:
            raise ToolException(str(refused)) from None

    async def _arun(
        self, *, run_manager: AsyncCallbackManagerForToolRun | None = None, **arguments: object
    ) -> tuple[str, Artifact]:
        try:
            call = self._call(arguments, run_manager)
            return await self._operation.acall(call), self._artifact(call)
        except tools.ToolRefused as refused:
            raise ToolException(str(refused)) from None

    def _artifact(self, call: tools.Call) -> Artifact:
        return Artifact(operation=self.name, run_id=None if call.run is None else call.run.id)

    def _call(self, arguments: dict[str, object], run_manager: RunManager | None) -> tools.Call:
        said = self._operation.read(arguments)
        node = tree.find(run_manager.run_id if run_manager is not None else None)
        if node is None:
            return tools.Call(said, run=current_run(), ask=ask_person)
        return tools.Call(said, run=node.root.run, id=node.tool_call_id, ask=ask_person)


class KeitoToolkit(BaseToolkit):
    """The tools you choose to give to a model; by default `log_outcome` alone.

    Args:
        recorder: See `keito.tools.tools`; this and the rest.
        include: Their names.
        verify: Your function that may refuse.
        approve: Who must approve. True: the graph is interrupted with the claim; resume it with
            True to approve, with False or a text that says why not to decline.
        time: What `log_time` may log.
        expenses: What `log_expense` may name.

    Example:
        tools = KeitoToolkit(include=("log_outcome", "my_summary")).get_tools()
    """

    _tools: list[BaseTool] = PrivateAttr()

    def __init__(
        self,
        recorder: Recorder | None = None,
        include: Iterable[str] = ("log_outcome",),
        *,
        verify: tools.Decides | None = None,
        approve: tools.Approve | Mapping[str, tools.Approve] = False,
        time: tools.TimeRules | None = None,
        expenses: Mapping[str, tools.ExpenseItem] | None = None,
    ) -> None:
        super().__init__()
        chosen = tools.tools(
            recorder, include, verify=verify, approve=approve, time=time, expenses=expenses
        )
        self._tools = [keito_tool(operation) for operation in chosen]

    def get_tools(self) -> list[BaseTool]:
        """Return the tools, for an agent."""
        return list(self._tools)


def log_outcome(
    recorder: Recorder | None = None,
    *,
    verify: tools.Decides | None = None,
    approve: tools.Approve = False,
) -> KeitoTool:
    """Make the tool by which a model says that it has achieved something.

    What it can name and what that costs comes from the recorder's contract. The outcome is billed
    to the run in which the model says it.

    Args:
        recorder: Whose contract; default: `keito.billing.default_recorder()`.
        verify: Your function that may refuse; see `keito.tools.tools`.
        approve: Who must approve; see `KeitoToolkit`.
    """
    (operation,) = tools.tools(recorder, verify=verify, approve=approve)
    return keito_tool(operation)


def keito_tool(operation: tools.Tool) -> KeitoTool:
    """Make a LangChain tool of one of `keito.tools`, such as `keito.tools.my_summary()`."""
    settings: dict[str, Any] = {
        "name": operation.name,
        "description": operation.description,
        "args_schema": operation.arguments,
        "response_format": "content_and_artifact",
        # The model reads why, and the agent goes on.
        "handle_tool_error": True,
        "handle_validation_error": tools.explained,
    }
    tool = KeitoTool(**settings)
    tool._operation = operation
    return tool
