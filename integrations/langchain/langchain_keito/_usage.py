"""What one model call consumed, read from what LangChain reports at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessageChunk

from keito.billing import Usage, guarded
from keito.billing.usage import TOKENS

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import LLMResult

    from ._tree import Node

# OpenAI's service tiers put their name before the keys: {"flex_cache_read": 60}.
TIERS = ("", "flex_", "priority_")

# Anthropic bills these beside the answer, and says so only in the usage of the raw response.
BESIDES = ("compaction", "advisor_tool_result")

UNKNOWN = Usage()
NOTHING: Mapping[str, Any] = {}


# What the model that answered consumed, or None when nobody said; what other models consumed that
# worked on the answer; the provider's id of the answer, if it tells one.
Answer = tuple[Usage | None, Sequence[Usage], str | None]

NO_ANSWER: Answer = (None, (), None)


@guarded("reading LangChain's usage")
def answer_of(response: LLMResult, start: Node) -> Answer:
    """Read what a model call ended with; tokens are `None` where nobody knows them.

    A report that can't be read makes all of it unknown, and not the run endless.

    Args:
        response: What the call ended with.
        start: What is known since its start: the names used where the answer has none.
    """
    message = _message_with_usage(response)
    said = NOTHING if message is None else message.response_metadata
    output = response.llm_output or NOTHING
    model = said.get("model_name") or _named(said, output) or start.model
    provider = said.get("model_provider") or start.provider
    reported = getattr(message, "usage_metadata", None) or NOTHING
    if reported.get("total_cost") == 0 and response.llm_output is None:
        # LangChain repeats the tokens of the first call when its cache answers. No call was made.
        return Usage(model=model, provider=provider, input_tokens=0, output_tokens=0), (), None
    usage = _of_langchain(reported, model, provider)
    raw = _raw(said) or (_raw(output) if output else None)
    besides: Sequence[Usage] = ()
    if raw and isinstance(raw, Mapping):
        usage, *besides = _with_raw(usage, raw)
    elif message is not None and isinstance(message.content, list) and _has_besides(message):
        besides = (UNKNOWN,)
    key = said.get("id") or output.get("id") or (None if message is None else message.id)
    return usage, besides, None if key is None else _id(key)


def answered(response: LLMResult) -> bool:
    """Whether a call that failed had begun to answer; LangChain also wraps what refused it."""
    messages = (
        getattr(generation, "message", generation)
        for generations in response.generations
        for generation in generations
    )
    return any(
        isinstance(message, BaseMessageChunk) or getattr(message, "usage_metadata", None)
        for message in messages
    )


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


def _named(said: Mapping[str, Any], output: Mapping[str, Any]) -> str | None:
    return output.get("model_name") or said.get("model") or output.get("model")


def _raw(said: Mapping[str, Any]) -> object:
    """The provider's own usage object, where the integration passes it on."""
    return said.get("usage") or said.get("token_usage")


def _id(found: object) -> str | None:
    # LangChain makes one up where the provider has none.
    made_up = not isinstance(found, str) or found.startswith(("lc_", "run-"))
    return None if made_up else str(found)


def _has_besides(message: BaseMessage) -> bool:
    blocks = (block for block in message.content if isinstance(block, dict))
    return any(block.get("type") in BESIDES for block in blocks)


def _of_langchain(reported: Mapping[str, Any], model: str | None, provider: str | None) -> Usage:
    input, output = reported.get("input_tokens"), reported.get("output_tokens")
    if not input and not output:
        # No answer takes nothing: who says so does not know.
        return Usage(model=model, provider=provider)
    inputs, outputs = reported.get("input_token_details"), reported.get("output_token_details")
    if not inputs and not outputs:
        return Usage(model=model, provider=provider, input_tokens=input, output_tokens=output)
    return Usage(
        model=model,
        provider=provider,
        input_tokens=input,
        output_tokens=output,
        cache_read_tokens=_detail(inputs, "cache_read"),
        cache_write_tokens=_cache_write(inputs),
        cache_write_1h_tokens=(inputs or NOTHING).get("ephemeral_1h_input_tokens"),
        reasoning_tokens=_detail(outputs, "reasoning"),
    )


def _detail(details: Mapping[str, Any] | None, name: str) -> int | None:
    if not details:
        return None
    for tier in TIERS:
        if details.get(tier + name) is not None:
            return int(details[tier + name])
    return None


def _cache_write(details: Mapping[str, Any] | None) -> int | None:
    """Anthropic counts written tokens by lifetime and leaves the total 0; others give a total."""
    if not details:
        return None
    total = _detail(details, "cache_creation")
    lifetimes = [details.get(f"ephemeral_{t}_input_tokens") for t in ("5m", "1h")]
    known = [tokens for tokens in lifetimes if tokens is not None]
    return max(total or 0, sum(known)) if known else total


def _with_raw(usage: Usage, raw: Mapping[str, Any]) -> list[Usage]:
    """Complete what LangChain reports: it leaves things out that the provider bills.

    Some integrations drop the cache or the hidden part of the output, and all of them Anthropic's
    iterations, which say all of it, model by model.
    """
    # Loaded with the first such answer, not with the adapter.
    from keito.billing import usage_of

    own = usage_of(raw, provider=usage.provider, model=usage.model)
    if raw.get("iterations"):
        return own
    counts: dict[str, Any] = {
        name: _larger(getattr(usage, name), getattr(own[0], name)) for name in TOKENS
    }
    return [replace(usage, **counts, reported_cost_usd=own[0].reported_cost_usd), *own[1:]]


def _larger(one: int | None, other: int | None) -> int | None:
    return max((count for count in (one, other) if count is not None), default=None)
