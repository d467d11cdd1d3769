"""Run hooks that record what one run does, beside the caller's own hooks."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from agents import RunHooks

from keito.billing import KeitoLimitReached, guarded

from ._limits import AgentLimitReached
from ._passing import passed_on
from ._shared import Lost, SharedUsage, shared_by
from ._usage import Asked, asked_of, chosen, usage_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
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
    from agents import Usage as AgentsUsage

    from keito.billing import Run, ToolCall

    AnyAgent: TypeAlias = Agent[Any]
    AgentContext: TypeAlias = AgentHookContext[Any]
    Context: TypeAlias = RunContextWrapper[Any]
    Items: TypeAlias = list[TResponseInputItem]


_WHAT = "the OpenAI Agents hooks"


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
        several: Whether several runs may tell of themselves here, as agents used as tools do that
            are given the same hooks.
    """

    def __init__(
        self,
        run: Run,
        *,
        callers: RunHooks[Any] | None = None,
        run_config: RunConfig | dict[str, Any] | None = None,
        above: RecordingHooks | None = None,
        several: bool = False,
    ) -> None:
        self.run = run
        self.agents = 0
        """How many of the outermost agent's runs are open; others may be told of here as well."""
        self.answered = False
        self.begun = False
        """Whether the SDK has called any of them."""
        self.served: dict[str, str] = {}
        """By response id, under which name a model was served, where tracing tells it."""
        self._requested: dict[str, str | None] = (
            above._requested if above is not None and run.folded else {}
        )
        self._callers = callers
        self._run_config = run_config
        self._above = above
        self._several = several
        self._shared: SharedUsage | None = None
        self._alone = False
        self._outermost: str | None = None
        # For what the SDK gives no name. The run's own id makes each unique among nested runs,
        # which share one record.
        self._keys = map(f"{run.id}/{{}}".format, count(1))
        # By the SDK's context of the run that makes it: agents used as tools may share these hooks.
        self._model_calls: dict[int, Lost] = {}
        self._tool_calls: dict[str, ToolCall] = {}

    @property
    def has_guardrails(self) -> bool:
        """Whether the run's settings have guardrails that may end it."""
        return bool(chosen(self._run_config, "input_guardrails"))

    def counts(self, usage: AgentsUsage) -> bool:
        """Whether what the SDK counts there is recorded here."""
        return self._shared is not None and self._shared.is_of(usage)

    @guarded(_WHAT)
    def go_on_from(self, usage: AgentsUsage) -> None:
        """Begin with what was consumed before: by the run around, or before it waited for a person.

        Guardrails, sessions and agents used as tools may work before the first hook is called.
        """
        self._share(usage)

    @guarded(_WHAT)
    def begin_anew(self, *, alone: bool) -> None:
        """Begin with an object that the SDK is about to make for the run.

        Args:
            alone: Whether no other runner can put another in its place.
        """
        self._alone = alone
        self._shared = SharedUsage()
        self._shared.enter(None if self._above is None else self._above._shared)

    @guarded(_WHAT)
    def hear_of(self, usage: AgentsUsage) -> None:
        """Note where the SDK counts what the run consumes."""
        shared = self._shared
        if shared is None:
            self._share(usage)
        elif shared.to_come:
            self._shared = shared.goes_on_in(usage, whole=self._alone)
        elif not shared.is_of(usage):
            shared.leave()
            self._share(usage)

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
        if not self.begun:
            self._begin(context)
        if self._callers is not None:
            hook = self._callers.on_llm_start
            await self._pass_on(context, hook, context, agent, system_prompt, input_items)
        # Last, since a hook of the caller's that raises keeps the model from being called.
        self._start_model(context, agent)

    async def on_llm_end(self, context: Context, agent: AnyAgent, response: ModelResponse) -> None:
        self._end_model(context, response)
        if self._callers is not None:
            await self._pass_on(context, self._callers.on_llm_end, context, agent, response)

    async def on_agent_start(self, context: AgentContext, agent: AnyAgent) -> None:
        if not self.begun:
            self._begin(context)
        self._outermost = self._outermost or agent.name
        self.agents += agent.name == self._outermost
        if self._callers is not None:
            await self._pass_on(context, self._callers.on_agent_start, context, agent)

    async def on_agent_end(self, context: AgentContext, agent: AnyAgent, output: object) -> None:
        self.agents -= agent.name == self._outermost
        self.answered = True  # a guardrail may yet refuse it
        if self._callers is not None:
            await self._pass_on(context, self._callers.on_agent_end, context, agent, output)

    async def on_handoff(self, context: Context, from_agent: AnyAgent, to_agent: AnyAgent) -> None:
        if from_agent.name == self._outermost:
            # The SDK does not say that it ends, and starts the other.
            self.agents -= 1
            self._outermost = to_agent.name
        if self._callers is not None:
            # By the SDK's own names: with others, the caller's hooks would end the run.
            named = {"context": context, "from_agent": from_agent, "to_agent": to_agent}
            await self._pass_on(context, self._callers.on_handoff, **named)

    async def on_tool_start(self, context: Context, agent: AnyAgent, tool: Tool) -> None:
        if not self.begun:  # a run that goes on may begin with a tool
            self._begin(context)
        self._start_tool(context, tool)
        if self._callers is not None:
            await self._pass_on(context, self._callers.on_tool_start, context, agent, tool)

    async def on_tool_end(
        self, context: Context, agent: AnyAgent, tool: Tool, result: object
    ) -> None:
        self._end_tool(context, tool)
        if self._callers is not None:
            await self._pass_on(context, self._callers.on_tool_end, context, agent, tool, result)

    async def _pass_on(
        self,
        context: Context,
        hook: Callable[..., Coroutine[Any, Any, None]],
        /,
        *args: object,
        **named: object,
    ) -> None:
        """Call one of the caller's hooks, which may be ours of the same run.

        Another runner in the chain may have put hooks of its own around those: each call is
        recorded by the hooks that are next to the SDK.
        """
        outside = passed_on.get()
        passed_on.set(context)
        try:
            await hook(*args, **named)
        finally:
            passed_on.set(outside)

    @guarded(_WHAT)
    def tell(self, answers: Sequence[ModelResponse]) -> None:
        """Record model calls of which no hook was told."""
        shared = self._shared or (None if self._above is None else self._above._shared)
        for response in answers:
            key = response.response_id
            known = key if isinstance(key, str) and key else next(self._keys)
            self.run.model_call(usage_of(response.usage, Asked()), key=known)
            if shared is not None:
                shared.tell(response.usage)

    @guarded(_WHAT)
    def close_calls(self, error: BaseException | None = None) -> None:
        """End what the SDK never ends: once the run has ended, it says nothing more about a call.

        Args:
            error: The error of the model call that was open, if one ended it.
        """
        for key in list(self._model_calls):
            self._lose(key, error)
        for tool_call in self._tool_calls.values():
            tool_call.end()
        self._tool_calls.clear()
        shared, self._shared, self._above = self._shared, None, None
        if shared is None:
            return
        for usage in shared.leave():
            self.run.model_call(usage, key=next(self._keys))

    @guarded(_WHAT)
    def _begin(self, context: Context) -> None:
        self.begun = True
        if passed_on.get() is not context:
            self.hear_of(context.usage)

    def _share(self, usage: AgentsUsage) -> None:
        self._shared = shared_by(usage)
        self._shared.enter(None if self._above is None else self._above._shared)

    @guarded(_WHAT)
    def _start_model(self, context: Context, agent: AnyAgent) -> None:
        if passed_on.get() is context:
            return
        key, shared = id(context), self._shared
        if key in self._model_calls:
            self._lose(key, None)
        asked = asked_of(agent, self._run_config)
        call = self.run.model_start(next(self._keys), model=asked.model, agent=agent.name)
        since = 0 if shared is None else len(shared.entries)
        # As `Lost(...)` makes it, which is a function of Python's: the model waits for each.
        self._model_calls[key] = tuple.__new__(Lost, (call, asked, agent.name, since))

    @guarded(_WHAT)
    def _end_model(self, context: Context, response: ModelResponse) -> None:
        if passed_on.get() is context:
            return
        if self._shared is not None:
            self._shared.tell(response.usage)
        begun = self._model_calls.pop(id(context), None) or self._seemed_lost()
        if begun is None:
            return
        call, asked = begun.call, begun.asked
        if self.served:
            asked = self._served_as(self.served.pop(response.response_id or "", None), asked)
        # What is no text, or empty, names no answer.
        key = response.response_id
        call.end(usage_of(response.usage, asked), key=key if type(key) is str and key else None)

    def _seemed_lost(self) -> Lost | None:
        """The call that an answer is for which no open one asked for: runs share a context."""
        if self._several and self._shared is not None and self._shared.lost:
            return self._shared.lost.pop(0)
        return None

    def _served_as(self, name: str | None, asked: Asked) -> Asked:
        """Name the model as it was served, if that is known, and keep what was asked for."""
        if name is None or name == asked.model:
            return asked
        self._requested[name] = asked.model
        self.run.metadata(models_requested=dict(self._requested))
        return asked._replace(model=name)

    def _lose(self, key: int, error: BaseException | None) -> None:
        """End a call whose usage nobody has told."""
        lost = self._model_calls.pop(key)
        lost.call.fail(error)
        if self._shared is not None:
            self._shared.lost.append(lost)

    @guarded(_WHAT)
    def _start_tool(self, context: Context, tool: Tool) -> None:
        if passed_on.get() is context:
            return
        call_id = getattr(context, "tool_call_id", None) or tool.name
        self._tool_calls[call_id] = self.run.tool_start(tool.name, key=next(self._keys))

    @guarded(_WHAT)
    def _end_tool(self, context: Context, tool: Tool) -> None:
        call_id = getattr(context, "tool_call_id", None) or tool.name
        call = self._tool_calls.pop(call_id, None)
        if call is not None:
            call.end()
