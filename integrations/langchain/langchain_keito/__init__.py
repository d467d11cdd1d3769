"""Bill LangChain and LangGraph runs with Keito.

Example:
    from langchain_keito import KeitoCallbackHandler

    agent.invoke(messages, config={"callbacks": [KeitoCallbackHandler()]})
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .attachment import Attachment, attach, detach
from .callback import KeitoCallbackHandler
from .tools import KeitoTool, KeitoToolkit, keito_tool, log_outcome

if TYPE_CHECKING:
    from .middleware import KeitoMiddleware as KeitoMiddleware

__all__ = [
    "Attachment",
    "KeitoCallbackHandler",
    "KeitoMiddleware",
    "KeitoTool",
    "KeitoToolkit",
    "attach",
    "detach",
    "keito_tool",
    "log_outcome",
]


def __getattr__(name: str) -> object:
    # It needs `langchain`; the rest needs only its core.
    if name != "KeitoMiddleware":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(".middleware", __name__), name)
