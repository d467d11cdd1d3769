"""What model calls consumed, read from what the SDK counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from agents.models import get_default_model
from agents.models.multi_provider import MultiProvider

from keito.billing import Usage

if TYPE_CHECKING:
    from agents import Agent, RunConfig
    from agents import Usage as AgentsUsage
    from agents.usage import RequestUsage


class Asked(NamedTuple):
    """The model that an agent calls.

    Attributes:
        model: Its name, as asked for or, where that is known, as served.
        provider: Who serves it, where the name says so.
    """

    model: str | None = None
    provider: str | None = None


def usage_of(counted: AgentsUsage | RequestUsage, asked: Asked) -> Usage:
    """The usage of one model call; its tokens are `None` where the SDK does not know them.

    A chat stream whose server sends no usage looks like one that used nothing: the SDK reports 0
    for both. No answered call uses 0 tokens, so that is unknown.
    """
    if not counted.input_tokens and not counted.output_tokens:
        return Usage(model=asked.model, provider=asked.provider)
    inputs, outputs = counted.input_tokens_details, counted.output_tokens_details
    return Usage(
        model=asked.model,
        provider=asked.provider,
        input_tokens=counted.input_tokens,
        output_tokens=counted.output_tokens,
        # Not all releases of openai have all of these.
        cache_read_tokens=getattr(inputs, "cached_tokens", None),
        cache_write_tokens=getattr(inputs, "cache_write_tokens", None),
        reasoning_tokens=getattr(outputs, "reasoning_tokens", None),
    )


def asked_of(agent: Agent[Any], run_config: RunConfig | dict[str, Any] | None) -> Asked:
    """The model that an agent calls: the run's own choice, else the agent's."""
    model = (None if run_config is None else chosen(run_config, "model")) or agent.model
    if model is None:
        # A prompt that is kept at OpenAI names its own model, and the SDK then asks for none.
        if agent.prompt is not None:
            return Asked()
        model = get_default_model()
    if isinstance(model, str):
        provider = chosen(run_config, "model_provider")
        known = provider is None or isinstance(provider, MultiProvider)
        return _routed(model) if known else Asked(model)
    # The SDK's own models keep their name there; nothing says that others do.
    name = getattr(model, "model", None)
    if not isinstance(name, str):
        return Asked()
    return _split(name) if type(model).__name__ == "LitellmModel" else Asked(name)


def _routed(name: str) -> Asked:
    """Read a name as the SDK's own provider of models does."""
    prefix, _, rest = name.partition("/")
    if rest and prefix == "litellm":
        return _split(rest)
    return Asked(rest if rest and prefix == "openai" else name)


def _split(name: str) -> Asked:
    # LiteLLM's names begin with who serves the model; price lists want the two apart.
    provider, _, model = name.partition("/")
    return Asked(model, provider) if model else Asked(name)


def chosen(run_config: RunConfig | dict[str, Any] | None, name: str) -> object:
    """Return what a run's settings say."""
    if run_config is None:
        return None
    if isinstance(run_config, dict):
        return run_config.get(name)
    return getattr(run_config, name, None)
