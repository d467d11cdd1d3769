"""What one model call consumed, read from what the SDK reports at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents import Model, RunConfig
from agents.models import get_default_model

from keito.billing import Usage, guarded

if TYPE_CHECKING:
    from agents import Agent, ModelResponse


@guarded("reading the SDK's usage")
def usage_of(response: ModelResponse, model: str | None) -> Usage:
    """The usage of one response; its tokens are `None` where the SDK does not know them.

    A chat stream whose server sends no usage looks like one that used nothing: the SDK reports 0
    for both. No answered call uses 0 tokens, so that is unknown.
    """
    usage = response.usage
    if not usage.input_tokens and not usage.output_tokens:
        return Usage(model=model)
    return Usage(
        model=model,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=_detail(usage.input_tokens_details, "cached_tokens"),
        cache_write_tokens=_detail(usage.input_tokens_details, "cache_write_tokens"),
        reasoning_tokens=_detail(usage.output_tokens_details, "reasoning_tokens"),
    )


def model_of(agent: Agent[Any], run_config: RunConfig | dict[str, Any] | None) -> str | None:
    """The name of the model an agent calls: the run's own choice, else the agent's."""
    model = _configured(run_config) or agent.model or get_default_model()
    # The SDK's own models keep their name there; nothing says that others do.
    name = getattr(model, "model", None) if isinstance(model, Model) else model
    return name if isinstance(name, str) else None


def _configured(run_config: RunConfig | dict[str, Any] | None) -> str | Model | None:
    if isinstance(run_config, dict):
        return run_config.get("model")
    return run_config.model if run_config is not None else None


def _detail(details: object, name: str) -> int | None:
    # Older releases of openai have no cache_write_tokens.
    value = getattr(details, name, None)
    return value if isinstance(value, int) else None
