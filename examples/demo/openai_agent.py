"""The same agent in the OpenAI Agents SDK, and the two lines that bill it."""

from __future__ import annotations

import asyncio
import json

from agents import (
    Agent,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
    RunResult,
    ToolCallItem,
    function_tool,
)
from openai import AsyncOpenAI
from openai.types.responses import ResponseFunctionToolCall
from openai_agents_keito import attach  # billing
from openai_agents_keito import log_outcome as log_outcome_tool

from examples.demo.endpoint import Endpoint
from examples.demo.support import INSTRUCTIONS, Ticket, Work, look_up_order, start_return
from keito.billing import Recorder

NAME = "openai-agent"

# The SDK's own tracing would send every run to OpenAI, if a key is at hand.
UNTRACED = RunConfig(tracing_disabled=True)


def work(ticket: Ticket, model: Endpoint, recorder: Recorder) -> Work:
    """Have the agent work a ticket."""
    attach(recorder)  # billing
    return asyncio.run(_work(ticket, model, recorder))


async def _work(ticket: Ticket, model: Endpoint, recorder: Recorder) -> Work:
    async with AsyncOpenAI(base_url=model.base_url, api_key=model.api_key) as client:
        agent = Agent(
            name=NAME,
            instructions=INSTRUCTIONS,
            model=OpenAIResponsesModel(model.model, client),
            tools=[
                function_tool(look_up_order),
                function_tool(start_return),
                log_outcome_tool(recorder),
            ],
        )
        return _done(ticket, await Runner.run(agent, ticket.prompt, run_config=UNTRACED))


def _done(ticket: Ticket, result: RunResult) -> Work:
    calls = [item.raw_item for item in result.new_items if isinstance(item, ToolCallItem)]
    shown = [_shown(call) for call in calls if isinstance(call, ResponseFunctionToolCall)]
    return Work(ticket, tuple(shown), str(result.final_output))


def _shown(call: ResponseFunctionToolCall) -> str:
    return f"{call.name}({', '.join(map(str, json.loads(call.arguments).values()))})"
