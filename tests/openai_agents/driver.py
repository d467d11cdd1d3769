"""The OpenAI Agents SDK's part of the adapter contract."""

from __future__ import annotations

from typing import Any

from agents import Agent, Runner, RunResult, RunResultStreaming
from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner
from openai_agents_keito import attach, detach, log_outcome

from keito.billing import Recorder
from tests.contract import Driver, Reply
from tests.openai_agents.scripted import agent


class PassingOn(AgentRunner):
    """Another library's runner, around the one that was set before."""

    def __init__(self, inner: AgentRunner) -> None:
        self.inner = inner

    async def run(self, starting_agent: Agent[Any], input: Any, **kwargs: Any) -> RunResult:
        return await self.inner.run(*self.change(starting_agent, input, kwargs), **kwargs)

    def run_sync(self, starting_agent: Agent[Any], input: Any, **kwargs: Any) -> RunResult:
        return self.inner.run_sync(*self.change(starting_agent, input, kwargs), **kwargs)

    def run_streamed(
        self, starting_agent: Agent[Any], input: Any, **kwargs: Any
    ) -> RunResultStreaming:
        return self.inner.run_streamed(*self.change(starting_agent, input, kwargs), **kwargs)

    def change(self, agent: Agent[Any], input: Any, options: Any) -> tuple[Agent[Any], Any]:
        return agent, input


class AgentsDriver(Driver):
    framework = "openai-agents"

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        attach(recorder)

    async def run(self, *replies: Reply) -> str:
        clerk = agent(*replies, tools=[log_outcome(self.recorder)])
        return str((await Runner.run(clerk, "Help.")).final_output)

    async def run_attached_twice(self, *replies: Reply) -> str:
        attach(self.recorder)
        ours = get_default_agent_runner()
        set_default_agent_runner(PassingOn(ours))
        attach(self.recorder)
        try:
            return str((await Runner.run(agent(*replies), "Help.")).final_output)
        finally:
            detach()
            set_default_agent_runner(None)

    async def run_nested(self, outer: tuple[Reply, ...], inner: tuple[Reply, ...]) -> str:
        expert = agent(*inner, name="expert")
        ask = expert.as_tool("ask_expert", "Ask someone who knows.")
        return str((await Runner.run(agent(*outer, tools=[ask]), "Help.")).final_output)

    async def break_off(self, *replies: Reply) -> None:
        result = Runner.run_streamed(agent(*replies), "Go on.")
        async for event in result.stream_events():
            if event.type == "raw_response_event":
                break
        assert result.run_loop_task is not None
        await result.run_loop_task
