"""LiteLLM's models, where it is installed: it is large, and no dependency of ours."""

from __future__ import annotations

from typing import Any

import pytest
from agents import Agent, ModelSettings
from openai_agents_keito import attach

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.openai_agents import wire
from tests.openai_agents.ways import said, streamed
from tests.openai_agents.wire import chunks, saying

pytest.importorskip("litellm", reason="needs litellm: pip install 'openai-agents[litellm]'")

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def nothing_blocks() -> None:
    """LiteLLM itself reads files on the event loop."""


@pytest.mark.parametrize("usage", [wire.CHAT_USAGE, None], ids=["with usage", "without"])
async def test_a_stream_is_exact_or_unknown(
    usage: Any, recorder: Recorder, keito: LocalKeito
) -> None:
    from agents.extensions.models.litellm_model import LitellmModel

    attach(recorder)
    settings = ModelSettings(include_usage=usage is not None)

    with saying([chunks(usage=usage)]) as url:
        model = LitellmModel("openai/gpt-lite", base_url=url, api_key="none")
        await streamed(Agent(name="clerk", model=model, model_settings=settings))

    metadata = said(recorder, keito)
    assert (metadata["model_name"], metadata["model_provider"]) == ("gpt-lite", "openai")
    assert metadata.get("tokens_in") == (wire.INPUT if usage else None)
    assert metadata.get("usage_incomplete", False) == (usage is None)
