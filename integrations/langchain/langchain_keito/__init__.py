"""Bill LangChain and LangGraph runs with Keito.

Example:
    from langchain_keito import KeitoCallbackHandler

    agent.invoke(messages, config={"callbacks": [KeitoCallbackHandler()]})
"""

from __future__ import annotations

from .callback import KeitoCallbackHandler
from .tools import KeitoTool, KeitoToolkit, keito_tool, log_outcome

__all__ = ["KeitoCallbackHandler", "KeitoTool", "KeitoToolkit", "keito_tool", "log_outcome"]
