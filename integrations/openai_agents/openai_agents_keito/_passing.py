"""Which event our hooks are passing on to the hooks that they were given."""

from __future__ import annotations

from contextvars import ContextVar

passed_on: ContextVar[object] = ContextVar("keito_openai_agents_hook", default=None)
"""The SDK's context of that event; a run that begins meanwhile is told of events of its own."""
