"""One door from whatever a provider answers to `Usage`."""

from __future__ import annotations

from dataclasses import replace

from .._guard import kept
from ..usage import Usage
from . import anthropic, bedrock, cohere, gemini, groq, openai_chat, openai_responses, xai
from .cost import reported
from .fields import Fields

# The first that fits reads: xAI's and LiteLLM's objects have OpenAI's Chat names too, and
# Anthropic's have those of the Responses API.
SHAPES = (bedrock, gemini, cohere, xai, openai_chat, anthropic, openai_responses)


def usage_of(raw: object, *, provider: str | None = None, model: str | None = None) -> list[Usage]:
    """Return what one model call consumed, one `Usage` for each model that worked on it.

    What the provider did not say is None, and so is what can't be a count. An answer that claims
    to have used neither input nor output is one whose usage nobody knows. Never raises, and always
    returns at least one.

    Args:
        raw: The provider's usage object or whole answer, as parsed JSON or as an SDK's object. The
            whole answer is better: it names the model that answered, which may not be the one
            asked for. For a stream see `StreamUsage`.
        provider: Who served it, e.g. `openai`: the same shape comes from many.
        model: The model asked for, used where the answer does not name one.
    """
    said = Usage(provider=provider, model=model)
    return kept("reading a usage object", lambda: _read(Fields(raw), said), [said])


def _read(answer: Fields, said: Usage) -> list[Usage]:
    said = replace(said, model=model_in(answer) or said.model)
    usage = usage_in(answer) or answer
    usages = groq.by_model(answer, said) or _by_shape(usage, said)
    if all(one.input_tokens == one.output_tokens == 0 for one in usages):
        usages = [Usage(provider=one.provider, model=one.model) for one in usages]
    if len(usages) > 1:
        # A cost for all of it is not the cost of any one of the models.
        return usages
    return [replace(usages[0], reported_cost_usd=reported(usage))]


def _by_shape(usage: Fields, said: Usage) -> list[Usage]:
    shape = next((shape for shape in SHAPES if shape.fits(usage)), None)
    return shape.read(usage, said) if shape is not None else [said]


def usage_in(answer: Fields) -> Fields | None:
    """Return the usage object of an answer or of a stream's event, wherever it is kept."""
    usage = answer.at("usage", "usageMetadata", "usage_metadata", "x_groq.usage")
    if usage is not None:
        return usage
    meta = answer.at("meta")
    return meta if meta is not None and cohere.fits(meta) else None


def model_in(answer: Fields) -> str | None:
    """Return the name of the model that answered."""
    return answer.text("model", "modelVersion", "model_version")
