"""Stopping a run that has used up what it may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents import AgentsException

from keito.billing import KeitoLimitReached

if TYPE_CHECKING:
    from keito.billing import Run


class AgentLimitReached(KeitoLimitReached, AgentsException):
    """A limit of the run, or of one it is part of, leaves nothing: its model is not called again.

    The SDK knows it as one of its own errors, and adds `run_data`: what the run has done so far.
    """


def check(run: Run) -> None:
    """Go on only if the run's limits leave something.

    Raises:
        AgentLimitReached: They leave nothing.
    """
    try:
        run.check()
    except KeitoLimitReached as reached:
        raise AgentLimitReached(reached.limit, reached.allowed, reached.used) from None
