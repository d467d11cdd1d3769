"""Bill OpenAI Agents SDK runs with Keito.

Example:
    import openai_agents_keito

    openai_agents_keito.attach()
"""

from __future__ import annotations

from ._limits import AgentLimitReached
from .run_hooks import KeitoRunHooks
from .runner import KeitoRunner, attach, detach, run, run_streamed, run_sync
from .tools import keito_tool, keito_tools, log_outcome
from .tracing import KeitoTracingProcessor

__all__ = [
    "AgentLimitReached",
    "KeitoRunHooks",
    "KeitoRunner",
    "KeitoTracingProcessor",
    "attach",
    "detach",
    "keito_tool",
    "keito_tools",
    "log_outcome",
    "run",
    "run_streamed",
    "run_sync",
]
