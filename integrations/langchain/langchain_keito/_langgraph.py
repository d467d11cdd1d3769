"""What LangGraph adds to LangChain's callbacks, if it is installed; it is not required."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keito.billing.endings import status_of as core_status_of

if TYPE_CHECKING:
    from langgraph.callbacks import GraphCallbackHandler
    from langgraph.errors import GraphBubbleUp, GraphInterrupt, GraphRecursionError, ParentCommand
    from langgraph.types import Command

    from keito.billing import Status
else:
    try:
        from langgraph.callbacks import GraphCallbackHandler
    except ImportError:  # older than 1.2, or absent: interrupts still show as errors of the node
        from langchain_core.callbacks import BaseCallbackHandler as GraphCallbackHandler
    try:
        from langgraph.errors import (
            GraphBubbleUp,
            GraphInterrupt,
            GraphRecursionError,
            ParentCommand,
        )
        from langgraph.types import Command
    except ImportError:

        class Command:
            """Never given where LangGraph is absent."""

        class GraphBubbleUp(Exception):  # noqa: N818  # the name is LangGraph's
            """Never raised where LangGraph is absent."""

        class GraphInterrupt(GraphBubbleUp):
            """Never raised where LangGraph is absent."""

        class ParentCommand(GraphBubbleUp):
            """Never raised where LangGraph is absent."""

        class GraphRecursionError(RecursionError):
            """Never raised where LangGraph is absent."""


__all__ = ["Command", "GraphCallbackHandler", "GraphInterrupt", "core_status_of", "status_of"]


def status_of(error: BaseException) -> Status:
    """How a run ended that this error ended."""
    if isinstance(error, ParentCommand):
        return "ok"  # it hands off to the graph around it
    if isinstance(error, GraphBubbleUp):
        return "interrupted"
    return "limit" if isinstance(error, GraphRecursionError) else core_status_of(error)
