"""Run hooks that record what one run does, beside the caller's own hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents import AgentsException, RunHooks

from keito.billing import KeitoLimitReached, guarded

from ._usage import Asked, SharedUsage, asked_of, usage_of

if TYPE_CHECKING:
    from typing import TypeAlias

    from agents import (
        Agent,
        AgentHookContext,
        ModelResponse,
        RunConfig,
        RunContextWrapper,
        Tool,
        TResponseInputItem,
    )

    from keito.billing import ModelCall, Run, ToolCall

    AnyAgent: TypeAlias = Agent[Any]
    AgentContext: TypeAlias = AgentHookContext[Any]
    Context: TypeAlias = RunContextWrapper[Any]
    Items: TypeAlias = list[TResponseInputItem]


_WHAT = "the OpenAI Agents hooks"


class AgentLimitReached(KeitoLimitReached, AgentsException):
    """A limit of the run, or of one it is part of, leaves nothing: its model is not called again.

    The SDK knows it as one of its own errors, and adds `run_data`: what the run has done so far.
    """


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
        self.agents = 0
        """How many of the outermost agent's runs are open; others may be told of here as well."""
        self.answered = False
        self.served: dict[str, str] = {}
        """By response id, under which name a model was served, where tracing tells it."""
        self._requested: dict[str, str | None] = (
            above._requested if above is not None and run.folded else {}
        )
        self._callers = callers
        self._run_config = run_config
        self._above = above
        self._alone = alone
        self._shared: SharedUsage | None = None
        self._events = 0
        self._outermost: str | None = None
        # By the SDK's context of the run that makes it: agents used as tools may share these hooks.
        self._model_calls: dict[int, tuple[ModelCall, Asked]] = {}
        self._tool_calls: dict[str, ToolCall] = {}

    @property
    def begun(self) -> bool:
        """Whether the SDK has called any of them."""
        return self._shared is not None

    async def on_llm_start(
        self, context: Context, agent: AnyAgent, system_prompt: str | None, input_items: Items
    ) -> None:
        """Begin a model call, if the limits leave something.

        Raises:
            AgentLimitReached: They leave nothing: the model is not called.
        """
        try:
            self.run.check()
        except KeitoLimitReached as reached:
            raise AgentLimitReached(reached.limit, reached.allowed, reached.used) from None
        if self._callers is not None:
            await self._callers.on_llm_start(context, agent, system_prompt, input_items)
        # Last, since a hook of the caller's that raises keeps the model from being called.
        self._start_model(context, agent)

    async def on_llm_end(self, context: Context, agent: AnyAgent, response: ModelResponse) -> None:
        self._end_model(context, response)
        if self._callers is not None:
            await self._callers.on_llm_end(context, agent, response)

    async def on_agent_start(self, context: AgentContext, agent: AnyAgent) -> None:
        self._begin(context)
        self._outermost = self._outermost or agent.name
        self.agents += agent.name == self._outermost
        if self._callers is not None:
            await self._callers.on_agent_start(context, agent)

    async def on_agent_end(self, context: AgentContext, agent: AnyAgent, output: object) -> None:
        self.agents -= agent.name == self._outermost
        self.answered = True  # a guardrail may yet refuse it
        if self._callers is not None:
            await self._callers.on_agent_end(context, agent, output)

    async def on_handoff(self, context: Context, from_agent: AnyAgent, to_agent: AnyAgent) -> None:
        if from_agent.name == self._outermost:
            # The SDK does not say that it ends, and starts the other.
            self.agents -= 1
            self._outermost = to_agent.name
        if self._callers is not None:
            # By the SDK's own names: with others, the caller's hooks would end the run.
            await self._callers.on_handoff(
                context=context, from_agent=from_agent, to_agent=to_agent
            )

    async def on_tool_start(self, context: Context, agent: AnyAgent, tool: Tool) -> None:
        self._start_tool(context, tool)
        if self._callers is not None:
            await self._callers.on_tool_start(context, agent, tool)

    async def on_tool_end(
        self, context: Context, agent: AnyAgent, tool: Tool, result: object
    ) -> None:
        self._end_tool(context, tool)
        if self._callers is not None:
            await self._callers.on_tool_end(context, agent, tool, result)

    @guarded(_WHAT)
    def close_calls(self, error: BaseException | None = None) -> None:
        """End what the SDK never ends: after an error, it says nothing more about a call.

        The SDK's own errors say that it did not take the answer, or did not wait for it. The
        provider charges for it all the same, so what it used is unknown, unless the SDK counted it.
        """
        for key in list(self._model_calls):
            self._lose(key, None if isinstance(error, AgentsException) else error)
        for tool_call in self._tool_calls.values():
            tool_call.fail(error)
        shared = self._shared
        # Only where all who share it have ended is it certain what nobody was told.
        if shared is None or shared.owner is not self or not (shared.unknown or self._alone):
            return
        for usage in shared.settle():
            if self._alone:
                self.run.model_call(usage, key=self._key())

    @guarded(_WHAT)
    def _begin(self, context: Context) -> None:
        if self._shared is not None:
            return
        above = self._above._shared if self._above is not None else None
        if above is not None and above.is_of(context.usage):
            self._shared = above
        else:
            self._shared = SharedUsage(context.usage, owner=self, above=above)

    @guarded(_WHAT)
    def _start_model(self, context: Context, agent: AnyAgent) -> None:
        if self._shared is None:
            self._begin(context)
        key = id(context)
        if key in self._model_calls:
            self._lose(key, None)
        asked = asked_of(agent, self._run_config)
        call = self.run.model_start(self._key(), model=asked.model, agent=agent.name)
        self._model_calls[key] = call, asked

    @guarded(_WHAT)
    def _end_model(self, context: Context, response: ModelResponse) -> None:
        if self._shared is not None:
            self._shared.tell(response.usage)
        begun = self._model_calls.pop(id(context), None)
        call, asked = self._seemed_lost() if begun is None else begun
        if call is None:
            return
        if self.served:
            asked = self._served_as(self.served.pop(response.response_id or "", None), asked)
        call.end(usage_of(response.usage, asked), key=response.response_id or None)

    def _seemed_lost(self) -> tuple[ModelCall | None, Asked]:
        """The call that an answer is for which no open one asked for: runs share a context."""
        if self._alone and self._shared is not None and self._shared.unknown:
            return self._shared.unknown.pop(0)
        return None, Asked()

    def _served_as(self, name: str | None, asked: Asked) -> Asked:
        """Name the model as it was served, if that is known, and keep what was asked for."""
        if name is None or name == asked.model:
            return asked
        self._requested[name] = asked.model
        self.run.metadata(models_requested=dict(self._requested))
        return asked._replace(model=name)

    def _lose(self, key: int, error: BaseException | None) -> None:
        """End a call, if one is open, whose usage nobody has told."""
        lost = self._model_calls.pop(key, None)
        if lost is None:
            return
        lost[0].fail(error)
        if self._shared is not None:
            self._shared.unknown.append(lost)

    @guarded(_WHAT)
    def _start_tool(self, context: Context, tool: Tool) -> None:
        if self._shared is None:  # a run that goes on may begin with a tool
            self._begin(context)
        self._tool_calls[_call_id(context, tool)] = self.run.tool_start(tool.name, key=self._key())

    @guarded(_WHAT)
    def _end_tool(self, context: Context, tool: Tool) -> None:
        call = self._tool_calls.pop(_call_id(context, tool), None)
        if call is not None:
            call.end()

    def _key(self) -> str:
        # The run's own id makes it unique among nested runs, which share one record.
        self._events += 1
        return f"{self.run.id}/{self._events}"


def _call_id(context: Context, tool: Tool) -> str:
    return getattr(context, "tool_call_id", None) or tool.name
