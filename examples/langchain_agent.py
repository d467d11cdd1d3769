"""A LangChain agent that looks an order up: one handler bills its time, its calls and its tokens.

Run it with `python -m examples.langchain_agent`.
"""

from __future__ import annotations

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_keito import KeitoCallbackHandler
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from examples.demo.conversation import Conversation
from examples.demo.model_server import counted, scripted_model
from examples.demo.reply import Call, Reply
from examples.local import local_keito
from keito.billing import Recorder


@tool
def look_up_order(order: str) -> str:
    """Look up where an order is."""
    return f"{order} is with the carrier."


def main() -> None:
    """Ask the agent where an order is."""
    with local_keito() as local, scripted_model(answer) as endpoint:
        recorder = Recorder(**local.settings, target=local.target)
        key = SecretStr(endpoint.api_key)
        model = ChatOpenAI(model=endpoint.model, base_url=endpoint.base_url, api_key=key)
        agent = create_agent(model, tools=[look_up_order], name="support-agent")

        billing = KeitoCallbackHandler(recorder)
        said = agent.invoke(
            {"messages": [{"role": "user", "content": "Where is O-1001?"}]},
            config={"callbacks": [billing]},
        )
        print(said["messages"][-1].text)

        local.show(recorder)
        (entry,) = local.keito.entries()
        known = entry["metadata"]
        print(f"{known['llm_calls']} model calls, {known['tool_calls']} tool call", end=", ")
        print(f"{known['tokens_in']} tokens in, {known['tokens_out']} out")


def answer(asked: Conversation) -> Reply:
    """What the model says: first it looks the order up."""
    if not asked.tool_results:
        call = Call("look_up_order", {"order": "O-1001"})
        return counted(asked, Reply(asked.model, calls=(call,)))
    return counted(asked, Reply(asked.model, text=asked.tool_results[-1]))


if __name__ == "__main__":
    main()
