"""Bills what Pydantic AI agents do: `Agent(..., capabilities=[KeitoBilling()])`.

It translates the framework's events into the verbs of a `Run`, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_ai import DeferredToolRequests, RunContext, Tool, UsageLimitExceeded
from pydantic_ai.capabilities import AbstractCapability

from keito import tools
from keito.billing import Usage, current_run, default_recorder

if TYPE_CHECKING:
    from pydantic_ai.capabilities import (
        ValidatedToolArgs,
        WrapModelRequestHandler,
        WrapRunHandler,
        WrapToolExecuteHandler,
    )
    from pydantic_ai.messages import ModelResponse, ToolCallPart
    from pydantic_ai.models import ModelRequestContext
    from pydantic_ai.run import AgentRunResult
    from pydantic_ai.tools import ToolDefinition

    from keito.billing import Recorder, Run, Status, Target


@dataclass
class KeitoBilling(AbstractCapability[Any]):
    """Records every run of the agents it is given to.

    Attributes:
        recorder: Where to record; default: `keito.billing.default_recorder()`.
        target: Whom to bill; default: as `bill_to`, the run's metadata or the recorder says.
    """

    recorder: Recorder | None = None
    target: Target | str | None = None

    async def wrap_run(
        self, ctx: RunContext[Any], *, handler: WrapRunHandler
    ) -> AgentRunResult[Any]:
        """Make the agent's run a run; inside another one, it becomes part of that."""
        run = self._start(ctx)
        try:
            with run.active():
                result = await handler()
        except BaseException as error:
            run.finish("limit" if isinstance(error, UsageLimitExceeded) else "ok", error=error)
            raise
        run.finish(_status(result))
        return result

    async def wrap_model_request(
        self,
        ctx: RunContext[Any],
        *,
        request_context: ModelRequestContext,
        handler: WrapModelRequestHandler,
    ) -> ModelResponse:
        """Note a model call. The step names it, so two of us on one agent count it once."""
        run = current_run()
        if run is None:
            return await handler(request_context)
        key = f"{ctx.run_id}/{ctx.run_step}"
        call = run.model_start(key, model=request_context.model.model_name, agent=run.name)
        try:
            response = await handler(request_context)
        except BaseException as error:
            call.fail(error)
            raise
        call.end(_usage(response))
        return response

    async def wrap_tool_execute(
        self,
        ctx: RunContext[Any],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: ValidatedToolArgs,
        handler: WrapToolExecuteHandler,
    ) -> object:
        """Note that a tool works; what it is given and returns is not looked at."""
        run = current_run()
        if run is None:
            return await handler(args)
        work = run.tool_start(call.tool_name, key=f"{ctx.run_id}/{call.tool_call_id}")
        try:
            return await handler(args)
        finally:
            work.end()

    def _start(self, ctx: RunContext[Any]) -> Run:
        recorder = default_recorder() if self.recorder is None else self.recorder
        name = None if ctx.agent is None else ctx.agent.name
        return recorder.start(
            name or "agent",
            key=ctx.run_id,
            target=self.target,
            framework="pydantic-ai",
            metadata=ctx.metadata if isinstance(ctx.metadata, Mapping) else None,
            session=ctx.conversation_id,
        )


def keito_tool(tool: tools.Tool) -> Tool[Any]:
    """Make a tool of Pydantic AI of one of `keito.tools`."""

    async def invoke(ctx: RunContext[Any], **arguments: object) -> str:
        try:
            said = tool.read(arguments)
            return await tool.acall(tools.Call(said, run=current_run(), id=ctx.tool_call_id))
        except tools.ToolRefused as refused:
            return str(refused)

    schema = tool.arguments.model_json_schema()
    return Tool.from_schema(invoke, tool.name, tool.description, schema, takes_ctx=True)


def _status(result: AgentRunResult[Any]) -> Status:
    """Where the output is a question to a person, the run waits, and another one will go on."""
    return "interrupted" if isinstance(result.output, DeferredToolRequests) else "ok"


def _usage(response: ModelResponse) -> Usage:
    """The framework has 0 where a provider said nothing, so 0 is unknown, but beside a number."""
    said = response.usage
    known = bool(said.input_tokens or said.output_tokens)
    return Usage(
        model=response.model_name,
        provider=response.provider_name,
        input_tokens=said.input_tokens if known else None,
        output_tokens=said.output_tokens if known else None,
        cache_read_tokens=said.cache_read_tokens or None,
        cache_write_tokens=said.cache_write_tokens or None,
    )
