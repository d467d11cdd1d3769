"""What ends a run that has used up what it may."""

from __future__ import annotations

from agents import AgentsException

from keito.billing import KeitoLimitReached


class AgentLimitReached(KeitoLimitReached, AgentsException):
    """A limit of the run, or of one it is part of, leaves nothing: its model is not called again.

    The SDK knows it as one of its own errors, and adds `run_data`: what the run has done so far.
    """
