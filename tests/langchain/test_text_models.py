"""What a model of the older kind consumed, which tells it beside its answer."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.language_models.llms import BaseLLM
from langchain_core.outputs import Generation, LLMResult
from langchain_core.runnables import RunnableLambda
from langchain_keito import KeitoCallbackHandler

from keito.billing import Recorder
from keito.testing import LocalKeito
from tests.contract import entries_of
from tests.langchain.scripted import using
from tests.langchain.test_runs import said


class TextModel(BaseLLM):
    """A model of the older kind, which tells its usage beside the answer."""

    tokens: Any

    @property
    def _llm_type(self) -> str:
        return "text"

    def _generate(self, prompts: list[str], *args: object, **kwargs: object) -> LLMResult:
        generations = [[Generation(text="Hi.")] for _ in prompts]
        output = {"token_usage": self.tokens, "model_name": "text-1"}
        return LLMResult(generations=generations, llm_output=output)


@pytest.mark.parametrize("call", ["invoke", "ainvoke"])
async def test_a_text_models_usage_is_counted(
    call: str, recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    model = TextModel(tokens={"prompt_tokens": 7, "completion_tokens": 3})

    if call == "invoke":
        model.invoke("Help.", using(handler))
    else:
        await model.ainvoke("Help.", using(handler))

    metadata = said(recorder, keito)
    assert (metadata["tokens_in"], metadata["tokens_out"]) == (7, 3)
    assert metadata["model_name"] == "text-1"


def test_a_text_model_that_tells_nothing_is_unknown(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    TextModel(tokens={}).invoke("Help.", using(handler))

    assert said(recorder, keito)["usage_incomplete"]


def test_usage_that_cannot_be_read_is_unknown_and_the_run_still_ends(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    TextModel(tokens="many").invoke("Help.", using(handler))

    metadata = said(recorder, keito)
    assert metadata["status"] == "ok"
    assert metadata["usage_incomplete"]


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("call", ["generate", "agenerate"])
async def test_what_several_text_prompts_used_together_is_counted_once(
    call: str,
    inside: bool,
    recorder: Recorder,
    keito: LocalKeito,
    handler: KeitoCallbackHandler,
) -> None:
    # LangChain tells it with the first, and nothing with the others.
    model = TextModel(tokens={"prompt_tokens": 21, "completion_tokens": 9})
    prompts = ["a", "b", "c"]
    handlers: Any = [handler]

    def ask(text: str) -> str:
        model.generate(prompts, callbacks=handlers)
        return text

    if call == "agenerate":
        await model.agenerate(prompts, callbacks=handlers)
    elif inside:
        RunnableLambda(ask).invoke("x", using(handler))
    else:
        model.generate(prompts, callbacks=handlers)

    found = [entry["metadata"] for entry in entries_of(recorder, keito)]
    assert sum(metadata["tokens_in"] for metadata in found) == 21
    assert sum(metadata["llm_calls"] for metadata in found) == 3
    assert not any("usage_incomplete" in metadata for metadata in found)


def test_several_text_prompts_of_which_nothing_is_told_are_unknown(
    recorder: Recorder, keito: LocalKeito, handler: KeitoCallbackHandler
) -> None:
    handlers: Any = [handler]

    TextModel(tokens={}).generate(["a", "b"], callbacks=handlers)

    found = [entry["metadata"] for entry in entries_of(recorder, keito)]
    assert all(metadata["usage_incomplete"] for metadata in found)
