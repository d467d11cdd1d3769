"""The model and tool calls of a run, from their start to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from keito.billing import guarded

from ._langgraph import GraphInterrupt
from ._started import NOTHING, Started, name_of
from ._together import together
from ._tree import Node, tree
from ._usage import NO_ANSWER, answer_of, answered

if TYPE_CHECKING:
    from langchain_core.outputs import LLMResult

    from keito.billing import ModelCall, ToolCall, Usage

CALLBACK = "the LangChain callback"

Begin = Callable[[Node, int, Started | None, Started], None]
"""Begins what a run is: the open run, its number, and what LangChain says of it."""


def start_tool(node: Node, number: int, serialized: Started | None, started: Started) -> None:
    """Begin a tool call."""
    if node.tool_call is None:
        node.tool_call_id = started.get("tool_call_id")
        node.tool_call = node.root.run.tool_start(name_of(serialized, started), key=hex(number))


def start_model(node: Node, number: int, serialized: Started | None, started: Started) -> None:
    """Begin a model call; one that another handler has begun is moved here."""
    root, metadata = node.root, started.get("metadata") or NOTHING
    if node.model_call is not None:
        node.model_call.withdraw()
    node.model = metadata.get("ls_model_name")
    node.provider = metadata.get("ls_provider")
    node.model_call = root.run.model_start(
        hex(number), model=node.model, agent=metadata.get("lc_agent_name")
    )
    (root if root.outer is None else root.whole).limited = False
    # Asked for first, because asking for the task raises where there is no loop.
    if (loop := asyncio._get_running_loop()) is not None:
        _watch(node, number, asyncio.current_task(loop))


def start_text_model(node: Node, number: int, serialized: Started | None, started: Started) -> None:
    """Begin a model call that may be one of several."""
    node.together = together(started)
    start_model(node, number, serialized, started)


def end_tool(call: ToolCall, error: BaseException | None) -> None:
    """End a tool call."""
    if error is None or isinstance(error, GraphInterrupt):
        call.end()
    else:
        call.fail(error)


def end_model(
    node: Node,
    call: ModelCall,
    number: int,
    error: BaseException | None,
    response: LLMResult | None,
) -> None:
    """End a model call; one that failed after it had answered in part was paid for."""
    if node.task is not None and node.watch is not None:
        node.task.remove_done_callback(node.watch)
    if response is not None and (error is None or answered(response)):
        _end_answered(node, call, number, response)
    else:
        call.fail(error)


def _end_answered(node: Node, call: ModelCall, number: int, response: LLMResult) -> None:
    usage, besides, key = answer_of(response, node) or NO_ANSWER
    if node.together is not None:
        usage = node.together.share(usage, response)
    call.end(usage, key=key)
    if besides:
        _note(besides, node, number)


def _note(besides: Sequence[Usage], node: Node, number: int) -> None:
    for place, usage in enumerate(besides, 1):
        node.root.run.model_call(usage, key=f"{hex(number)}/{place}")


def _watch(node: Node, number: int, task: asyncio.Task[object] | None) -> None:
    """Hear of it if the call is cancelled: LangChain then says nothing more of it."""
    if task is not None:
        node.task, node.watch = task, partial(_task_ended, node, number)
        task.add_done_callback(node.watch)


@guarded(CALLBACK)
def _task_ended(node: Node, number: int, task: asyncio.Task[object]) -> None:
    if tree.get(number) is not node or node.model_call is None:
        return
    # Should it answer after all, for a stream may be handed on to another task, that still counts.
    node.model_call.end(None)
    if number == node.root.number and task.cancelled():
        tree.remove(number)
        node.root.run.finish("cancelled")
