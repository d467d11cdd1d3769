"""How runs end, with what was open below them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from keito.billing import guarded

from ._calls import CALLBACK, end_model, end_tool
from ._langgraph import GraphInterrupt, core_status_of, status_of
from ._tree import Root, tree
from ._waiting import note_end

if TYPE_CHECKING:
    from langchain_core.outputs import LLMResult

    from keito.billing import Status


@guarded(CALLBACK)
def end(
    run_id: UUID, error: BaseException | None = None, response: LLMResult | None = None
) -> None:
    """Close a run, and the record if it is a root."""
    number = run_id.int
    node = tree.remove(number)
    if node is None:
        return
    if node.model_call is not None:
        end_model(node, node.model_call, number, error, response)
    elif node.tool_call is not None:
        end_tool(node.tool_call, error)
    if error is not None and core_status_of(error) == "cancelled":
        tree.cut_off(number, node.root)
    if error is not None and isinstance(error, GraphInterrupt):
        node.root.whole.interrupted = True
    if number == node.root.number:
        _finish(node.root, error)


def _finish(root: Root, error: BaseException | None) -> None:
    if root.attachment is not None and root.attachment.is_block:
        status: Status = "abandoned"
    elif error is not None:
        status = status_of(error)
    elif root.interrupted:
        status = "interrupted"
    elif root.limited:
        status = "limit"
    else:
        # LangChain ends a chain whose stream was closed as if nothing was wrong, and only then
        # reads the model's stream to its end.
        status = "closed_early" if root.run.open_calls else "ok"
    root.run.finish(status, error=None if status == "ok" else error)
    note_end(root, failed=error is not None)


def end_silent() -> None:
    """End a run that LangChain has lost: of some it never says that they ended."""
    root = tree.silent()
    if root is None:
        return
    for node in tree.open_below(root):
        if node.model_call is not None:
            node.model_call.end(None)
    root.run.finish("abandoned", ended=root.last)
