"""What one model call consumed, read from what LangChain reports at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keito.billing import Usage, guarded

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import LLMResult

# OpenAI's service tiers put their name before the keys: {"flex_cache_read": 60}.
TIERS = ("", "flex_", "priority_")


@guarded("reading LangChain's usage")
def usage_of(response: LLMResult, model: str | None, provider: str | None) -> Usage:
    """The usage of one model call; its tokens are `None` where LangChain does not know them.

    A report that can't be read makes all of it unknown, and not the run endless.

    Args:
        response: What the call ended with.
        model: The model's name as of the start of the call, used where the answer names none.
        provider: The provider's name as of the start of the call, likewise.
    """
    message = _message_with_usage(response)
    answer = message.response_metadata if message else {}
    output = response.llm_output or {}
    model = _named(answer, output) or model
    provider = answer.get("model_provider") or provider
    reported = getattr(message, "usage_metadata", None)
    if reported and reported.get("total_cost") == 0 and response.llm_output is None:
        # LangChain repeats the tokens of the first call when its cache answers. No call was made.
        return Usage(model=model, provider=provider, input_tokens=0, output_tokens=0)
    if reported:
        return _usage(reported, model, provider)
    return _usage_of_text_model(output.get("token_usage") or {}, model, provider)


def _message_with_usage(response: LLMResult) -> BaseMessage | None:
    """The first message that tells its usage: with n=3 all three repeat that of the whole call."""
    first = None
    for generations in response.generations:
        for generation in generations:
            message: BaseMessage | None = getattr(generation, "message", None)
            if getattr(message, "usage_metadata", None):
                return message
            first = first or message
    return first


def _named(answer: Mapping[str, Any], output: Mapping[str, Any]) -> str | None:
    served = answer.get("model_name") or output.get("model_name")
    return served or answer.get("model") or output.get("model")


def _usage(reported: Mapping[str, Any], model: str | None, provider: str | None) -> Usage:
    inputs = reported.get("input_token_details")
    outputs = reported.get("output_token_details")
    return Usage(
        model=model,
        provider=provider,
        input_tokens=reported.get("input_tokens"),
        output_tokens=reported.get("output_tokens"),
        cache_read_tokens=_detail(inputs, "cache_read") if inputs else None,
        cache_write_tokens=_cache_write(inputs) if inputs else None,
        cache_write_1h_tokens=inputs.get("ephemeral_1h_input_tokens") if inputs else None,
        reasoning_tokens=_detail(outputs, "reasoning") if outputs else None,
    )


def _detail(details: Mapping[str, Any], name: str) -> int | None:
    for tier in TIERS:
        if details.get(tier + name) is not None:
            return int(details[tier + name])
    return None


def _cache_write(details: Mapping[str, Any]) -> int | None:
    """Anthropic counts written tokens by lifetime and leaves the total 0; others give a total."""
    total = _detail(details, "cache_creation")
    lifetimes = [details.get(f"ephemeral_{t}_input_tokens") for t in ("5m", "1h")]
    known = [tokens for tokens in lifetimes if tokens is not None]
    return max(total or 0, sum(known)) if known else total


def _usage_of_text_model(
    tokens: Mapping[str, Any], model: str | None, provider: str | None
) -> Usage:
    return Usage(
        model=model,
        provider=provider,
        input_tokens=tokens.get("prompt_tokens"),
        output_tokens=tokens.get("completion_tokens"),
    )
