"""Hooks that a caller gives to the SDK's runner, for those who want no more than that."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from agents import RunHooks

from keito.billing import default_recorder, guarded

from ._checks import checked_recorder, checked_target
from ._hooks import RecordingHooks
from ._opening import FRAMEWORK, said_of
from ._recording import surrounding

if TYPE_CHECKING:
    from agents import ModelResponse, RunConfig, Tool, Usage

    from keito.billing import Recorder, Status, Target

    from ._hooks import AgentContext, AnyAgent, Context, Items
    from ._recording import Recording

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

    Raises:
        TypeError: An argument has the wrong type.
    """

    def __init__(
        self,
        recorder: Recorder | None = None,
        target: Target | str | None = None,
        *,
        run_config: RunConfig | dict[str, Any] | None = None,
    ) -> None:
        self._recorder = checked_recorder(recorder)
        self._target = checked_target(target)
        self._run_config = run_config
        # By the usage object: no other is the same for all hooks of a run. Its end is awaited, so
        # that no other has its id meanwhile.
        self._open: dict[int, tuple[RecordingHooks, weakref.finalize[..., Usage]]] = {}

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
        known = self._open.get(id(context.usage))
        if known is not None and known[0].agents <= 0:
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
        recording = surrounding()
        if recording is not None and recording.counts(context.usage):
            return _NONE
        return self._known(context, agent, recording) or _NONE

    @guarded("the OpenAI Agents hooks")
    def _known(
        self, context: Context, agent: AnyAgent, recording: Recording | None
    ) -> RecordingHooks:
        known = self._open.get(id(context.usage))
        if known is not None:
            return known[0]
        said = said_of(context.context, recording)
        if self._target is not None:
            said["target"] = self._target
        recorder = self._recorder or default_recorder()
        run = recorder.start(agent.name or "agent", framework=FRAMEWORK, **said)
        above = None if recording is None else recording.hooks
        hooks = RecordingHooks(run, run_config=self._run_config, above=above, several=True)
        key = id(context.usage)
        # It lives as long as the run and what came of it.
        end = weakref.finalize(context.usage, self._close, key, "abandoned")
        end.atexit = False  # the recorder ends what is open then
        self._open[key] = hooks, end
        return hooks

    @guarded("the OpenAI Agents hooks")
    def _close(self, key: int, status: Status) -> None:
        known = self._open.pop(key, None)
        if known is None:
            return
        hooks, end = known
        # A context that is used for many runs would keep one for each.
        end.detach()
        hooks.close_calls()
        hooks.run.finish(status)
