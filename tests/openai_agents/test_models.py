"""Which model a run's tokens are counted for, and by which name."""

from __future__ import annotations

from typing import Any

import pytest
from agents import (
    Agent,
    Model,
    ModelProvider,
    MultiProvider,
    RunConfig,
    Runner,
)
from agents.models import get_default_model

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import INPUT, Calls, Says, entries_of
from tests.openai_agents import wire
from tests.openai_agents.scripted import MODEL, ScriptedModel, agent
from tests.openai_agents.ways import BOTH, Way, ran, said, streamed
from tests.openai_agents.wire import Answer, events, on, responding, response

pytestmark = pytest.mark.usefixtures("attached")


@BOTH
async def test_each_of_several_models_has_its_own_tokens(
    way: Way, recorder: Recorder, keito: LocalKeito
) -> None:
    second = agent(Says(), name="second")
    model: Any = second.model
    model.model = "scripted-2"
    first = agent(
        Calls("look_up"), Calls("transfer_to_second", id="call_2"), name="first", handoffs=[second]
    )

    await way(first)

    metadata = said(recorder, keito)
    tokens = {name: one["tokens_in"] for name, one in metadata["models"].items()}
    assert tokens == {MODEL: 2 * INPUT, "scripted-2": INPUT}
    assert metadata["agents"]["second"]["tokens_in"] == INPUT


async def test_a_model_is_recorded_as_it_was_asked_for(
    recorder: Recorder, keito: LocalKeito
) -> None:
    async with responding(Answer(response())) as model:
        await ran(on(model))

    metadata = said(recorder, keito)
    assert metadata["model_name"] == "gpt-5.1"
    assert "models_requested" not in metadata


class Scripted(MultiProvider):
    """Provides the same model under every name."""

    def get_model(self, model_name: str | None) -> ScriptedModel:
        return ScriptedModel(Says())


@pytest.mark.parametrize(
    ("name", "model", "provider"),
    [
        ("gpt-5.1", "gpt-5.1", None),
        ("openai/gpt-5.1", "gpt-5.1", None),
        ("litellm/anthropic/claude-x", "claude-x", "anthropic"),
        ("litellm/gpt-5.1", "gpt-5.1", None),
    ],
)
async def test_the_name_of_a_model_says_who_serves_it(
    name: str, model: str, provider: str | None, recorder: Recorder, keito: LocalKeito
) -> None:
    await ran(Agent(name="clerk", model=name), run_config=RunConfig(model_provider=Scripted()))

    metadata = said(recorder, keito)
    assert (metadata["model_name"], metadata.get("model_provider")) == (model, provider)


async def test_the_name_of_the_run_wins_and_without_any_it_is_the_sdks_default(
    recorder: Recorder, keito: LocalKeito
) -> None:
    for name in ("chosen-2", None):
        config = RunConfig(model=name, model_provider=Scripted())
        await ran(Agent(name="clerk", model="own-1" if name else None), run_config=config)

    names = [entry["metadata"]["model_name"] for entry in entries_of(recorder, keito)]
    assert names == ["chosen-2", get_default_model()]


async def test_a_model_of_litellms_says_who_serves_it(
    recorder: Recorder, keito: LocalKeito
) -> None:
    class LitellmModel(ScriptedModel):
        """Named as the SDK's own is, which needs LiteLLM to be installed."""

    model = LitellmModel(Says())
    model.model = "anthropic/claude-x"

    await ran(on(model))

    metadata = said(recorder, keito)
    assert (metadata["model_name"], metadata["model_provider"]) == ("claude-x", "anthropic")


async def test_the_model_of_the_run_wins_over_the_agents(
    recorder: Recorder, keito: LocalKeito
) -> None:
    chosen = ScriptedModel(Says())
    chosen.model = "chosen-2"

    await Runner.run(agent(), "Help.", run_config=RunConfig(model=chosen))

    assert said(recorder, keito)["model_name"] == "chosen-2"


@pytest.mark.usefixtures("tracing")
@pytest.mark.parametrize("is_stream", [False, True], ids=["at once", "streamed"])
async def test_tracing_tells_under_which_name_it_was_served(
    is_stream: bool, recorder: Recorder, keito: LocalKeito
) -> None:
    answer = events(response()) if is_stream else Answer(response())

    async with responding(answer) as model:
        await (streamed if is_stream else ran)(on(model))

    metadata = said(recorder, keito)
    assert metadata["model_name"] == wire.SERVED
    assert metadata["models_requested"] == {wire.SERVED: "gpt-5.1"}
    assert (metadata["llm_calls"], metadata["tokens_in"]) == (1, wire.INPUT)


async def test_the_model_of_a_prompt_that_is_kept_at_openai_is_not_guessed(
    recorder: Recorder, keito: LocalKeito
) -> None:
    clerk = agent(Says(), prompt={"id": "pmpt_1"})
    async with responding(Answer(response())) as model:
        clerk.model = None
        await Runner.run(clerk, "Help.", run_config=RunConfig(model_provider=Only(model)))

    metadata = said(recorder, keito)
    assert metadata["tokens_in"] == wire.INPUT
    assert metadata.get("model_name") is None


class Only(ModelProvider):
    """Provides one model, whatever is asked for."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def get_model(self, model_name: str | None) -> Model:
        return self._model


class OddlyNamed(ScriptedModel):
    """A server whose answers' ids are no text."""

    async def get_response(self, *args: object, **kwargs: object) -> Any:
        answer: Any = await super().get_response(*args, **kwargs)
        answer.response_id = 7
        return answer


async def test_an_answer_whose_id_is_no_text_is_counted(
    recorder: Recorder, keito: LocalKeito
) -> None:
    clerk = agent(name="clerk")
    clerk.model = OddlyNamed(Calls("look_up"), Says())

    await ran(clerk)

    metadata = said(recorder, keito)
    assert (metadata["tokens_in"], "usage_incomplete" in metadata) == (2 * INPUT, False)


async def test_the_settings_of_a_nested_run_choose_its_model(
    recorder: Recorder, keito: LocalKeito
) -> None:
    chosen = ScriptedModel(Says())
    chosen.model = "scripted-9"
    expert = agent(name="expert").as_tool("ask", "Ask.", run_config=RunConfig(model=chosen))

    await ran(agent(Calls("ask", {"input": "?"}), Says(), tools=[expert]))

    models = said(recorder, keito)["models"]
    assert {name: one["tokens_in"] for name, one in models.items()} == {
        MODEL: 2 * INPUT,
        "scripted-9": INPUT,
    }
