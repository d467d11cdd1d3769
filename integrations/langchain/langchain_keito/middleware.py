"""Keeping an agent within its limits."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Literal

from langchain.agents.middleware import AgentMiddleware, hook_config
from langchain_core.messages import AIMessage

from keito.billing import KeitoLimitReached, current_run

from ._tree import tree

if TYPE_CHECKING:
    from langchain.agents.middleware import AgentState
    from langgraph.runtime import Runtime

    from keito.billing import Run

logger = logging.getLogger("langchain_keito")

STOPPED = "I had to stop here: a limit of this run is reached."


class KeitoMiddleware(AgentMiddleware):
    """Checks the limits of the billed run before each model call of an agent.

    The limits are those of the recorder and of the target. It only reads: what is used the callback
    handler counts, so one must be attached.

    Args:
        on_limit: What happens when a limit leaves nothing. `end`: the agent ends with `message` as
            its answer. `raise`: `keito.billing.KeitoLimitReached` is raised. Either way the run's
            status is `limit`.
        message: What the agent says when it ends.

    Raises:
        ValueError: `on_limit` is neither of the two.

    Example:
        agent = create_agent(model, tools, middleware=[KeitoMiddleware()])
    """

    def __init__(
        self, *, on_limit: Literal["end", "raise"] = "end", message: str = STOPPED
    ) -> None:
        super().__init__()
        if on_limit not in ("end", "raise"):
            raise ValueError(f"on_limit is 'end' or 'raise', not {on_limit!r}")
        self._raises = on_limit == "raise"
        self._message = message
        self._told = False

    @hook_config(can_jump_to=["end"])
    def before_model(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
        """See LangChain."""
        run = self._run()
        return None if run is None else self._checked(run)

    @hook_config(can_jump_to=["end"])
    async def abefore_model(
        self, state: AgentState[Any], runtime: Runtime[Any]
    ) -> dict[str, Any] | None:
        """See LangChain."""
        run = self._run()
        # Not on the event loop: the first time, prices are read from files.
        return None if run is None else await asyncio.to_thread(self._checked, run)

    def _run(self) -> Run | None:
        run = current_run()
        if run is None and not self._told:
            self._told = True
            logger.warning(
                "KeitoMiddleware checks no limits: no handler bills this agent. Attach one with "
                'config={"callbacks": [KeitoCallbackHandler()]} or langchain_keito.attach()'
            )
        return run

    def _checked(self, run: Run) -> dict[str, Any] | None:
        try:
            run.check()
        except KeitoLimitReached:
            if self._raises:
                raise
            node = tree.surrounding()
            if node is not None:
                node.root.whole.limited = True
            return {"jump_to": "end", "messages": [AIMessage(self._message)]}
        return None
