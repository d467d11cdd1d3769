"""The model and tool calls of a run, from their start to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from keito.billing import guarded

from ._langgraph import GraphInterrupt, status_of
from ._together import together
from ._tree import Node, tree
from ._usage import Answer, answer_of, answered

if TYPE_CHECKING:
    from langchain_core.outputs import LLMResult

    from keito.billing import ModelCall, ToolCall

CALLBACK = "the LangChain callback"


Started = Mapping[str, Any]
"""What LangChain says of a run at its start."""

Begin = Callable[[Node, UUID, Started | None, Started], None]


def name_of(serialized: Started | None, started: Started) -> str:
    """What LangChain calls a run."""
    return str(started.get("name") or (serialized or {}).get("name") or "agent")


def start_tool(node: Node, run_id: UUID, serialized: Started | None, started: Started) -> None:
    """Begin a tool call."""
    if node.tool_call is None:
        node.tool_call_id = started.get("tool_call_id")
        node.tool_call = node.root.run.tool_start(name_of(serialized, started), key=run_id.hex)


def start_model(node: Node, run_id: UUID, serialized: Started | None, started: Started) -> None:
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
    # Asked for first, because asking for the task raises where there is no loop.
    if (loop := asyncio._get_running_loop()) is not None:
        _watch(node, run_id, asyncio.current_task(loop))


def start_text_model(
    node: Node, run_id: UUID, serialized: Started | None, started: Started
) -> None:
    """Begin a model call that may be one of several."""
    node.together = together(started)
    start_model(node, run_id, serialized, started)


def end_tool(call: ToolCall, error: BaseException | None) -> None:
    """End a tool call."""
    if error is None or isinstance(error, GraphInterrupt):
        call.end()
    else:
        call.fail(error)


def end_model(
    node: Node,
    call: ModelCall,
    run_id: UUID,
    error: BaseException | None,
    response: LLMResult | None,
) -> None:
    """End a model call; one that failed after it had answered in part was paid for."""
    if node.task is not None and node.watch is not None:
        node.task.remove_done_callback(node.watch)
    if response is not None and (error is None or answered(response)):
        _end_answered(node, call, run_id, response)
    elif error is not None and status_of(error) == "error":
        call.fail(error)
    else:
        call.end(None)


def _end_answered(node: Node, call: ModelCall, run_id: UUID, response: LLMResult) -> None:
    usage, besides, key = answer_of(response, node) or Answer()
    if node.together is not None:
        usage = node.together.share(usage, response)
    call.end(usage, key=key)
    for number, other in enumerate(besides, 1):
        node.root.run.model_call(other, key=f"{run_id.hex}/{number}")


def _watch(node: Node, run_id: UUID, task: asyncio.Task[object] | None) -> None:
    """Hear of it if the call is cancelled: LangChain then says nothing more of it."""
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
