"""A model behind real HTTP that calls a tool and then answers, and what that consumes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from examples.demo.conversation import Conversation
from examples.demo.endpoint import Endpoint
from examples.demo.model_server import scripted_model
from examples.demo.reply import Call, Reply, Tokens

TOKENS = Tokens(prompt=1_000, cached=600, generated=50, reasoning=20)
"""What every answer consumes."""


def answer(asked: Conversation) -> Reply:
    """Call `look_up` first if there is such a tool."""
    if asked.tools and not asked.tool_results:
        return Reply(asked.model, calls=(Call("look_up", {}),), tokens=TOKENS)
    return Reply(asked.model, text="One two three.", tokens=TOKENS)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with scripted_model(answer) as endpoint:
        yield endpoint
