"""Hooks that a caller gives to the SDK's runner, for those who want no more than that."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from agents import RunHooks

from keito.billing import default_recorder, guarded

from ._hooks import RecordingHooks
from ._recording import FRAMEWORK, around, said_in

if TYPE_CHECKING:
    from agents import ModelResponse, RunConfig, Tool

    from keito.billing import Recorder, Status, Target

    from ._hooks import AgentContext, AnyAgent, Context, Items

_NONE: RunHooks[Any] = RunHooks()


class KeitoRunHooks(RunHooks[Any]):
    """Bills the runs it is given to: `Runner.run(agent, input, hooks=KeitoRunHooks())`.

    One object serves any number of runs at once. Hooks are not told how a run ends that gives no
    answer: it is `abandoned` once the program lets go of it. The README says what else is lost.
    Where a run is billed by `attach` or `openai_agents_keito.run`, these hooks do nothing.

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
        # By the usage object: no other is the same for all hooks of a run. Its end is awaited, so
        # that no other has its id meanwhile.
        self._open: dict[int, RecordingHooks] = {}

    async def on_llm_start(
        self, context: Context, agent: AnyAgent, system_prompt: str | None, input_items: Items
    ) -> None:
        """See the SDK."""
        hooks = self._of(context, agent)
        await hooks.on_llm_start(context, agent, system_prompt, input_items)

    async def on_llm_end(self, context: Context, agent: AnyAgent, response: ModelResponse) -> None:
        """See the SDK."""
        await self._of(context, agent).on_llm_end(context, agent, response)

    async def on_agent_start(self, context: AgentContext, agent: AnyAgent) -> None:
        """See the SDK."""
        await self._of(context, agent).on_agent_start(context, agent)

    async def on_agent_end(self, context: AgentContext, agent: AnyAgent, output: object) -> None:
        """See the SDK."""
        await self._of(context, agent).on_agent_end(context, agent, output)
        hooks = self._open.get(id(context.usage))
        if hooks is not None and hooks.agents <= 0:
            self._close(id(context.usage), "ok")

    async def on_handoff(self, context: Context, from_agent: AnyAgent, to_agent: AnyAgent) -> None:
        """See the SDK."""
        await self._of(context, from_agent).on_handoff(context, from_agent, to_agent)

    async def on_tool_start(self, context: Context, agent: AnyAgent, tool: Tool) -> None:
        """See the SDK."""
        await self._of(context, agent).on_tool_start(context, agent, tool)

    async def on_tool_end(
        self, context: Context, agent: AnyAgent, tool: Tool, result: object
    ) -> None:
        """See the SDK."""
        await self._of(context, agent).on_tool_end(context, agent, tool, result)

    def _of(self, context: Context, agent: AnyAgent) -> RunHooks[Any]:
        return _NONE if around.get() is not None else self._known(context, agent) or _NONE

    @guarded("the OpenAI Agents hooks")
    def _known(self, context: Context, agent: AnyAgent) -> RecordingHooks:
        known = self._open.get(id(context.usage))
        if known is not None:
            return known
        said = said_in(context.context)
        if self._target is not None:
            said["target"] = self._target
        recorder = self._recorder or default_recorder()
        run = recorder.start(agent.name, framework=FRAMEWORK, **said)
        hooks = RecordingHooks(run, run_config=self._run_config, alone=True)
        key = id(context.usage)
        # It lives as long as the run and what came of it.
        end = weakref.finalize(context.usage, self._close, key, "abandoned")
        end.atexit = False  # the recorder ends what is open then
        self._open[key] = hooks
        return hooks

    @guarded("the OpenAI Agents hooks")
    def _close(self, key: int, status: Status) -> None:
        hooks = self._open.pop(key, None)
        if hooks is not None:
            hooks.close_calls()
            hooks.run.finish(status)
