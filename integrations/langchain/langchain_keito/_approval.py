"""Asking a person through LangGraph's interrupt, if LangGraph is there and runs the tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keito import tools

if TYPE_CHECKING:
    from langgraph.types import interrupt
else:
    try:
        from langgraph.types import interrupt
    except ImportError:
        interrupt = None


def ask_person(claim: tools.Claim) -> object:
    """Interrupt the graph until it is resumed with an answer; see `keito.tools.Answer`."""
    if interrupt is None:
        return tools.NOBODY
    said = {
        name: value if isinstance(value, (str, bool, int)) else str(value)
        for name, value in claim.said.items()
    }
    try:
        return interrupt({"tool": claim.tool, "claim": said})
    except (KeyError, RuntimeError):  # what LangGraph raises where no graph runs
        return tools.NOBODY
