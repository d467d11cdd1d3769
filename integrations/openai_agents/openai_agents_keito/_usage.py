"""What one model call consumed, read from what the SDK reports at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.models import get_default_model
from agents.models.multi_provider import MultiProvider

from keito.billing import Usage, guarded

if TYPE_CHECKING:
    from agents import Agent, ModelResponse, RunConfig
    from agents import Usage as AgentsUsage
    from agents.usage import RequestUsage


@dataclass(frozen=True, slots=True)
class Asked:
    """The model that an agent calls.

    Attributes:
        model: Its name, as asked for or, where that is known, as served.
        provider: Who serves it, where the name says so.
    """

    model: str | None = None
    provider: str | None = None


@guarded("reading the SDK's usage")
def usage_of(response: ModelResponse, asked: Asked) -> Usage:
    """The usage of one response; its tokens are `None` where the SDK does not know them.

    A chat stream whose server sends no usage looks like one that used nothing: the SDK reports 0
    for both. No answered call uses 0 tokens, so that is unknown.
    """
    usage = response.usage
    if not usage.input_tokens and not usage.output_tokens:
        return Usage(model=asked.model, provider=asked.provider)
    return usage_from(usage, asked)


def usage_from(counted: AgentsUsage | RequestUsage, asked: Asked) -> Usage:
    """The usage of one request, as the SDK counts it."""
    return Usage(
        model=asked.model,
        provider=asked.provider,
        input_tokens=counted.input_tokens,
        output_tokens=counted.output_tokens,
        cache_read_tokens=_detail(counted.input_tokens_details, "cached_tokens"),
        cache_write_tokens=_detail(counted.input_tokens_details, "cache_write_tokens"),
        reasoning_tokens=_detail(counted.output_tokens_details, "reasoning_tokens"),
    )


def asked_of(agent: Agent[Any], run_config: RunConfig | dict[str, Any] | None) -> Asked:
    """The model that an agent calls: the run's own choice, else the agent's."""
    model = _chosen(run_config, "model") or agent.model or get_default_model()
    if isinstance(model, str):
        provider = _chosen(run_config, "model_provider")
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


def _chosen(run_config: RunConfig | dict[str, Any] | None, name: str) -> object:
    if isinstance(run_config, dict):
        return run_config.get(name)
    return getattr(run_config, name, None)


def _detail(details: object, name: str) -> int | None:
    # Older releases of openai have no cache_write_tokens.
    value = getattr(details, name, None)
    return value if isinstance(value, int) else None
