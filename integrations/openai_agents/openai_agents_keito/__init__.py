"""Bill OpenAI Agents SDK runs with Keito.

Example:
    import openai_agents_keito

    openai_agents_keito.attach()
"""

from __future__ import annotations

from .hooks import RecordingHooks
from .runner import KeitoRunner, attach, detach
from .tools import keito_tool, keito_tools, log_outcome

__all__ = [
    "KeitoRunner",
    "RecordingHooks",
    "attach",
    "detach",
    "keito_tool",
    "keito_tools",
    "log_outcome",
]
