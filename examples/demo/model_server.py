"""A scripted model: real HTTP and real token accounting around answers that we wrote.

Agents can't tell it from a model, and it says the same thing every time, which is what a
demonstration and a test need. What it says is in `script.json`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, JsonValue, TypeAdapter

from examples.demo.conversation import Conversation, Turn
from examples.demo.endpoint import Answer, Endpoint, ModelError, serving
from examples.demo.reply import Call, Reply, Tokens

MODEL = "scripted-model-1"


class Step(BaseModel):
    """What the model does next: calls a tool, or says something. Some thought may go before."""

    call: str | None = None
    arguments: dict[str, JsonValue] = {}
    say: str = ""
    reasoning_tokens: int = 0


Script = dict[str, list[Step]]

SCRIPT = TypeAdapter(Script).validate_json(Path(__file__).with_name("script.json").read_bytes())


@contextmanager
def scripted_model(answer: Answer | None = None, *, pace: float = 0.0) -> Iterator[Endpoint]:
    """Serve the script, or an `answer` of your own, on a free loopback port.

    Args:
        answer: From a conversation to a reply. A reply without tokens is sent without usage;
            `counted` fills them in. It may raise `ModelError`.
        pace: Seconds that every answer takes, as a model's would.
    """
    chosen = answer or scripted

    def paced(asked: Conversation) -> Reply:
        time.sleep(pace)
        return chosen(asked)

    with serving(paced, model=MODEL) as endpoint:
        yield endpoint


def scripted(asked: Conversation) -> Reply:
    """The next step of the script whose ticket is in the request.

    Only what the conversation holds decides, never what was asked before: so concurrent agents
    each get their own story.
    """
    steps = next((steps for ticket, steps in SCRIPT.items() if ticket in asked.request), None)
    if steps is None:
        raise ModelError(400, "The script has no ticket like this one.")
    step = steps[min(len(asked.tool_results), len(steps) - 1)]
    return counted(asked, _reply(step, asked.model), reasoning=step.reasoning_tokens)


def counted(asked: Conversation, reply: Reply, *, reasoning: int = 0) -> Reply:
    """The reply with the tokens a provider would report, at four letters each.

    Everything up to the previous answer was sent before, so it comes from the prompt cache.
    """
    answers = [index for index, turn in enumerate(asked.turns) if turn.role == "assistant"]
    seen_before = asked.turns[: answers[-1]] if answers else ()
    tools = sum(len(json.dumps(tool.parameters)) + len(tool.description) for tool in asked.tools)
    calls = sum(len(call.name) + len(call.arguments_json) for call in reply.calls)
    tokens = Tokens(
        prompt=_tokens(tools + _letters(asked.turns)),
        cached=_tokens(tools + _letters(seen_before)) if answers else 0,
        generated=_tokens(len(reply.text) + calls) + reasoning,
        reasoning=reasoning,
    )
    return replace(reply, tokens=tokens)


def _reply(step: Step, model: str) -> Reply:
    if step.call:
        return Reply(model, calls=(Call(step.call, step.arguments),))
    return Reply(model, text=step.say)


def _letters(turns: tuple[Turn, ...]) -> int:
    return sum(len(turn.text) for turn in turns)


def _tokens(letters: int) -> int:
    return -(-letters // 4)
