"""Hooks that a caller gives to the SDK's runner, for those who want no more than that."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents import Agent, ModelResponse, RunContextWrapper, RunHooks, Tool

from keito.billing import default_recorder, guarded

from ._opening import FRAMEWORK, said_in
from ._recording import around
from .hooks import RecordingHooks

if TYPE_CHECKING:
    from agents import AgentHookContext, RunConfig, TResponseInputItem
    from agents import Usage as AgentsUsage

    from keito.billing import Recorder, Status, Target


@dataclass(slots=True, eq=False)
class _Followed:
    """A run that hooks alone know of."""

    usage: AgentsUsage
    hooks: RecordingHooks
    agents: int = 0
    has_sign_of_its_end: bool = False


class KeitoRunHooks(RunHooks[Any]):
    """Bills the runs it is given to: `Runner.run(agent, input, hooks=KeitoRunHooks())`.

    One object serves any number of runs at once. What hooks do not tell is lost: a run that does
    not answer (an error, a cancellation, too many turns, an approval that is waited for) is
    recorded as `abandoned` once the program lets go of it, a guardrail that trips after the answer
    is not seen, a run that a guardrail blocks is not recorded, and tools know of no run. Agents
    used as tools are counted, but not told apart. Where a run is billed by `attach` or
    `openai_agents_keito.run`, these hooks do nothing.

    Args:
        recorder: Where to record; default: `keito.billing.default_recorder()`.
        target: Whom the runs are billed to; default: as `bill_to`, the context object or the
            recorder says.
        run_config: The settings that the runs are given, if these choose the model: hooks are not
            told.
    """

    def __init__(
        self,
        recorder: Recorder | None = None,
        target: Target | str | None = None,
        *,
        run_config: RunConfig | dict[str, Any] | None = None,
    ) -> None:
        self._recorder = recorder
        self._target = target
        self._run_config = run_config
        # The usage object is the only one that all hooks of a run see.
        self._open: dict[int, _Followed] = {}

    async def on_llm_start(
        self,
        context: RunContextWrapper[Any],
        agent: Agent[Any],
        system_prompt: str | None,
        input_items: list[TResponseInputItem],
    ) -> None:
        """See the SDK."""
        followed = self._followed(context, agent)
        if followed is not None:
            self._await_end(followed, context)
            await followed.hooks.on_llm_start(context, agent, system_prompt, input_items)

    async def on_llm_end(
        self, context: RunContextWrapper[Any], agent: Agent[Any], response: ModelResponse
    ) -> None:
        """See the SDK."""
        followed = self._followed(context, agent)
        if followed is not None:
            await followed.hooks.on_llm_end(context, agent, response)

    async def on_agent_start(self, context: AgentHookContext[Any], agent: Agent[Any]) -> None:
        """See the SDK."""
        followed = self._followed(context, agent)
        if followed is not None:
            followed.agents += 1
            await followed.hooks.on_agent_start(context, agent)

    async def on_agent_end(
        self, context: AgentHookContext[Any], agent: Agent[Any], output: object
    ) -> None:
        """See the SDK."""
        followed = self._followed(context, agent)
        if followed is not None:
            followed.agents -= 1
            if followed.agents <= 0:
                self._close(followed, "ok")

    async def on_handoff(
        self, context: RunContextWrapper[Any], from_agent: Agent[Any], to_agent: Agent[Any]
    ) -> None:
        """See the SDK."""
        followed = self._followed(context, from_agent)
        if followed is not None:
            followed.agents -= 1  # the SDK does not say that it ends, and starts the other

    async def on_tool_start(
        self, context: RunContextWrapper[Any], agent: Agent[Any], tool: Tool
    ) -> None:
        """See the SDK."""
        followed = self._followed(context, agent)
        if followed is not None:
            await followed.hooks.on_tool_start(context, agent, tool)

    async def on_tool_end(
        self, context: RunContextWrapper[Any], agent: Agent[Any], tool: Tool, result: object
    ) -> None:
        """See the SDK."""
        followed = self._followed(context, agent)
        if followed is not None:
            await followed.hooks.on_tool_end(context, agent, tool, result)

    @guarded("the OpenAI Agents hooks")
    def _followed(self, context: RunContextWrapper[Any], agent: Agent[Any]) -> _Followed | None:
        if around.get() is not None:
            return None
        known = self._open.get(id(context.usage))
        if known is None:
            known = self._open[id(context.usage)] = self._start(context, agent)
        return known

    def _start(self, context: RunContextWrapper[Any], agent: Agent[Any]) -> _Followed:
        said = said_in(context.context)
        if self._target is not None:
            said["target"] = self._target
        recorder = self._recorder or default_recorder()
        run = recorder.start(agent.name, framework=FRAMEWORK, **said)
        return _Followed(
            context.usage, RecordingHooks(run, run_config=self._run_config, alone=True)
        )

    @guarded("the OpenAI Agents hooks")
    def _await_end(self, followed: _Followed, context: RunContextWrapper[Any]) -> None:
        """Close it when the SDK's own context of the run is gone, if nothing else does."""
        if not followed.has_sign_of_its_end:
            followed.has_sign_of_its_end = True
            end = weakref.finalize(context, self._close, followed, "abandoned")
            end.atexit = False  # the recorder ends what is open then

    @guarded("the OpenAI Agents hooks")
    def _close(self, followed: _Followed, status: Status) -> None:
        if self._open.pop(id(followed.usage), None) is not None:
            followed.hooks.close_calls()
            followed.hooks.run.finish(status)
