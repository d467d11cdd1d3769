"""One agent of the OpenAI Agents SDK hands over to another: one record, with a share for each.

Run it with `python -m examples.openai_handoff`.
"""

from __future__ import annotations

import asyncio

from agents import Agent, OpenAIResponsesModel, RunConfig, Runner
from openai import AsyncOpenAI
from openai_agents_keito import attach

from examples.demo.conversation import Conversation
from examples.demo.endpoint import Endpoint
from examples.demo.model_server import counted, scripted_model
from examples.demo.reply import Call, Reply
from examples.local import local_keito
from keito.billing import Recorder

# The SDK's own tracing would send every run to OpenAI, if a key is at hand.
UNTRACED = RunConfig(tracing_disabled=True)


def main() -> None:
    """Have a question about a bill answered by the agent who knows of bills."""
    with local_keito() as local, scripted_model(answer) as endpoint:
        recorder = Recorder(**local.settings, target=local.target)
        attach(recorder)

        print(asyncio.run(ask("Why was I charged twice?", endpoint)))

        local.show(recorder)
        (entry,) = local.keito.entries()
        for name, share in sorted(entry["metadata"]["agents"].items()):
            print(f"{name}: {share}")


async def ask(question: str, endpoint: Endpoint) -> str:
    """Ask the agent at the front desk."""
    async with AsyncOpenAI(base_url=endpoint.base_url, api_key=endpoint.api_key) as client:
        model = OpenAIResponsesModel(endpoint.model, client)
        accountant = Agent(name="accountant", instructions="Explain bills.", model=model)
        desk = Agent(name="desk", instructions="Hand over.", model=model, handoffs=[accountant])
        result = await Runner.run(desk, question, run_config=UNTRACED)
        return f"{result.last_agent.name}: {result.final_output}"


def answer(asked: Conversation) -> Reply:
    """What the model says: whoever can hand over does."""
    if asked.tools:
        return counted(asked, Reply(asked.model, calls=(Call(asked.tools[0].name, {}),)))
    return counted(asked, Reply(asked.model, text="One of the two is on its way back."))


if __name__ == "__main__":
    main()
