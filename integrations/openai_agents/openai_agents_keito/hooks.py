"""Run hooks that report to Keito what one run does, beside the caller's own hooks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents import (
    Agent,
    AgentsException,
    ModelResponse,
    RunConfig,
    RunContextWrapper,
    RunHooks,
    Tool,
)

from keito.billing import guarded

from ._shared_usage import SharedUsage
from ._usage import Asked, asked_of, usage_of
from .limit import check

if TYPE_CHECKING:
    from agents import AgentHookContext, TResponseInputItem

    from keito.billing import ModelCall, Run, ToolCall


class RecordingHooks(RunHooks[Any]):
    """Records one run: its model calls and its tool calls. Used once, never shared.

    The SDK hands out a new context object with every hook, so what belongs together is kept here.
    Each of the caller's hooks runs after ours, with the SDK's own parameter names; what it raises
    is the caller's and goes on to the run.

    Args:
        run: What it is recorded as.
        callers: The caller's own hooks.
        run_config: The run's settings, which may choose its model.
        above: The hooks of the run it is nested in.
        alone: Whether nobody records the agents that are used as tools: what they consume is
            then recorded here, as far as the SDK tells it.
    """

    def __init__(
        self,
        run: Run,
        *,
        callers: RunHooks[Any] | None = None,
        run_config: RunConfig | dict[str, Any] | None = None,
        above: RecordingHooks | None = None,
        alone: bool = False,
    ) -> None:
        self.run = run
        self.begun = False
        self.answered = False
        self.served: dict[str, str] = {}
        """By response id, under which name a model was served, where tracing tells it."""
        self._requested: dict[str, str | None] = (
            above._requested if above is not None and run.folded else {}
        )
        self._callers: RunHooks[Any] = callers if callers is not None else RunHooks()
        self._run_config = run_config
        self._above = above
        self._alone = alone
        self._shared: SharedUsage | None = None
        self._events = 0
        self._asked = Asked()
        self._model_call: ModelCall | None = None
        self._tool_calls: dict[str, ToolCall] = {}

    async def on_llm_start(
        self,
        context: RunContextWrapper[Any],
        agent: Agent[Any],
        system_prompt: str | None,
        input_items: list[TResponseInputItem],
    ) -> None:
        """See the SDK.

        Raises:
            AgentLimitReached: A limit leaves nothing: the model is not called.
        """
        self._begin(context)
        check(self.run)
        await self._callers.on_llm_start(context, agent, system_prompt, input_items)
        # Last, since a hook of the caller's that raises keeps the model from being called.
        self._start_model(agent)

    async def on_llm_end(
        self, context: RunContextWrapper[Any], agent: Agent[Any], response: ModelResponse
    ) -> None:
        """See the SDK."""
        self._end_model(response)
        await self._callers.on_llm_end(context, agent, response)

    async def on_agent_start(self, context: AgentHookContext[Any], agent: Agent[Any]) -> None:
        """See the SDK."""
        self._begin(context)
        await self._callers.on_agent_start(context, agent)

    async def on_agent_end(
        self, context: AgentHookContext[Any], agent: Agent[Any], output: object
    ) -> None:
        """See the SDK."""
        self.answered = True
        await self._callers.on_agent_end(context, agent, output)

    async def on_handoff(
        self, context: RunContextWrapper[Any], from_agent: Agent[Any], to_agent: Agent[Any]
    ) -> None:
        """See the SDK, which names the arguments here: another name would end the run."""
        await self._callers.on_handoff(context=context, from_agent=from_agent, to_agent=to_agent)

    async def on_tool_start(
        self, context: RunContextWrapper[Any], agent: Agent[Any], tool: Tool
    ) -> None:
        """See the SDK."""
        self._begin(context)
        self._start_tool(context, tool)
        await self._callers.on_tool_start(context, agent, tool)

    async def on_tool_end(
        self, context: RunContextWrapper[Any], agent: Agent[Any], tool: Tool, result: object
    ) -> None:
        """See the SDK."""
        self._end_tool(context, tool)
        await self._callers.on_tool_end(context, agent, tool, result)

    @guarded("the OpenAI Agents hooks")
    def close_calls(self, error: BaseException | None = None) -> None:
        """End what the SDK never ends: after an error, it says nothing more about a call.

        The SDK's own errors say that it did not take the answer, or did not wait for it. The
        provider charges for it all the same, so what it used is unknown, unless the SDK counted it.
        """
        model_call, self._model_call = self._model_call, None
        if model_call is not None:
            self._lose(model_call, None if isinstance(error, AgentsException) else error)
        while self._tool_calls:
            _, tool_call = self._tool_calls.popitem()
            tool_call.fail(error)
        shared = self._shared
        # Only where all who share it have ended is it certain what nobody was told.
        if shared is not None and shared.owner is self and (shared.unknown or self._alone):
            self._settle(shared)

    @guarded("the OpenAI Agents hooks")
    def _begin(self, context: RunContextWrapper[Any]) -> None:
        self.begun = True
        if self._shared is None:
            above = self._above._shared if self._above is not None else None
            if above is not None and above.usage is context.usage:
                self._shared = above
            else:
                self._shared = SharedUsage(context.usage, owner=self, above=above)

    @guarded("the OpenAI Agents hooks")
    def _start_model(self, agent: Agent[Any]) -> None:
        if self._model_call is not None:
            self._lose(self._model_call, None)
        self._asked = asked_of(agent, self._run_config)
        self._model_call = self.run.model_start(
            self._key(), model=self._asked.model, agent=agent.name
        )

    @guarded("the OpenAI Agents hooks")
    def _end_model(self, response: ModelResponse) -> None:
        if self._shared is not None:
            self._shared.tell(response.usage)
        call, self._model_call = self._model_call, None
        if call is not None:
            asked = self._asked_and_served(self.served.pop(response.response_id or "", None))
            call.end(usage_of(response, asked), key=response.response_id or None)

    def _asked_and_served(self, name: str | None) -> Asked:
        """Name the model as it was served, if that is known, and keep what was asked for."""
        asked = self._asked
        if name is None or name == asked.model:
            return asked
        self._requested[name] = asked.model
        self.run.metadata(models_requested=dict(self._requested))
        return replace(asked, model=name)

    def _lose(self, call: ModelCall, error: BaseException | None) -> None:
        """End a call whose usage nobody has told."""
        call.fail(error)
        if self._shared is not None:
            self._shared.unknown.append((call, self._asked))

    def _settle(self, shared: SharedUsage) -> None:
        left = shared.settle()
        for usage in left if self._alone else ():
            self.run.model_call(usage, key=self._key())

    @guarded("the OpenAI Agents hooks")
    def _start_tool(self, context: RunContextWrapper[Any], tool: Tool) -> None:
        self._tool_calls[_call_id(context, tool)] = self.run.tool_start(tool.name, key=self._key())

    @guarded("the OpenAI Agents hooks")
    def _end_tool(self, context: RunContextWrapper[Any], tool: Tool) -> None:
        call = self._tool_calls.pop(_call_id(context, tool), None)
        if call is not None:
            call.end()

    def _key(self) -> str:
        # The run's own id makes it unique among nested runs, which share one record.
        self._events += 1
        return f"{self.run.id}/{self._events}"


def _call_id(context: RunContextWrapper[Any], tool: Tool) -> str:
    return getattr(context, "tool_call_id", None) or tool.name
