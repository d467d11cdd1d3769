"""The model and tool calls of a run, from their start to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from keito.billing import guarded

from ._langgraph import GraphInterrupt, status_of
from ._tree import Node, tree
from ._usage import Answer, answer_of, answered

if TYPE_CHECKING:
    from langchain_core.outputs import LLMResult

CALLBACK = "the LangChain callback"


@guarded(CALLBACK)
def start_tool(node: Node, run_id: UUID, name: str, started: Mapping[str, Any]) -> None:
    """Begin a tool call."""
    if node.tool_call is None:
        node.tool_call_id = started.get("tool_call_id")
        node.tool_call = node.root.run.tool_start(name, key=run_id.hex)


@guarded(CALLBACK)
def start_model(node: Node, run_id: UUID, started: Mapping[str, Any]) -> None:
    """Begin a model call; one that another handler has begun is moved here."""
    metadata = started.get("metadata") or {}
    if node.model_call is not None:
        node.model_call.withdraw()
    node.model = metadata.get("ls_model_name")
    node.provider = metadata.get("ls_provider")
    node.model_call = node.root.run.model_start(
        run_id.hex, model=node.model, agent=metadata.get("lc_agent_name")
    )
    node.root.limited = False
    _watch(node, run_id)


def end_tool(node: Node, error: BaseException | None) -> None:
    """End a tool call."""
    if node.tool_call is None:
        return
    if error is None or isinstance(error, GraphInterrupt):
        node.tool_call.end()
    else:
        node.tool_call.fail(error)


def end_model(
    node: Node, run_id: UUID, error: BaseException | None, response: LLMResult | None
) -> None:
    """End a model call; one that failed after it had answered in part was paid for."""
    if node.model_call is None:
        return
    if node.task is not None and node.watch is not None:
        node.task.remove_done_callback(node.watch)
    if response is not None and (error is None or answered(response)):
        _end_answered(node, run_id, response)
    elif error is not None and status_of(error) == "error":
        node.model_call.fail(error)
    else:
        node.model_call.end(None)


def _end_answered(node: Node, run_id: UUID, response: LLMResult) -> None:
    answer = answer_of(response, node) or Answer()
    usage = answer.usage
    if node.together is not None:
        usage = node.together.share(usage, response)
    if node.model_call is not None:
        node.model_call.end(usage, key=answer.id)
    for number, usage in enumerate(answer.besides, 1):
        node.root.run.model_call(usage, key=f"{run_id.hex}/{number}")


def _watch(node: Node, run_id: UUID) -> None:
    """Hear of it if the call is cancelled: LangChain then says nothing more of it."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop here
        return
    if task is not None:
        node.task, node.watch = task, partial(_task_ended, node, run_id)
        task.add_done_callback(node.watch)


@guarded(CALLBACK)
def _task_ended(node: Node, run_id: UUID, task: asyncio.Task[object]) -> None:
    if tree.find(run_id) is not node or node.model_call is None:
        return
    # Should it answer after all, for a stream may be handed on to another task, that still counts.
    node.model_call.end(None)
    if run_id == node.root.id and task.cancelled():
        tree.remove(run_id)
        node.root.run.finish("cancelled")
