"""What model calls consumed, read from what the SDK counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from agents.models import get_default_model
from agents.models.multi_provider import MultiProvider

from keito.billing import Usage

if TYPE_CHECKING:
    from agents import Agent, RunConfig
    from agents import Usage as AgentsUsage
    from agents.usage import RequestUsage

    from keito.billing import ModelCall


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
    chosen = None if run_config is None else _chosen(run_config, "model")
    model = chosen or agent.model or get_default_model()
    if isinstance(model, str):
        provider = None if run_config is None else _chosen(run_config, "model_provider")
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


def _chosen(run_config: RunConfig | dict[str, Any], name: str) -> object:
    if isinstance(run_config, dict):
        return run_config.get(name)
    return getattr(run_config, name, None)


class SharedUsage:
    """What the SDK says that a run and the agents it uses as tools have consumed together.

    Some answers are added there of which no hook is told, e.g. one that the SDK then refuses. What
    is there and was not told belongs to the calls that ended without their usage.

    Args:
        usage: The SDK's object. It may hold what earlier runs have consumed.
        owner: Who saw it first.
        above: The usage of the run this one is nested in, where that is another object: the caller
            may add one to the other.
    """

    def __init__(
        self, usage: AgentsUsage, *, owner: object, above: SharedUsage | None = None
    ) -> None:
        # Not the object itself: who waits for its end must not keep it.
        self._entries = usage.request_usage_entries
        self.owner = owner
        self.unknown: list[tuple[ModelCall, Asked]] = []
        """Calls that ended without their usage, with what was asked for."""
        self._above = above
        self._before = len(self._entries)
        self._told: list[AgentsUsage] = []

    def is_of(self, usage: AgentsUsage) -> bool:
        """Whether this is what the SDK's object says, which adds to the same list for good."""
        return self._entries is usage.request_usage_entries

    def tell(self, usage: AgentsUsage) -> None:
        """Note what a hook was told, here and in the runs around."""
        self._told.append(usage)
        if self._above is not None:
            self._above.tell(usage)

    def settle(self) -> list[Usage]:
        """Give the calls that ended without their usage what no hook was told.

        Returns:
            What is left then: calls of agents that nobody records.
        """
        untold = self._untold()
        for call, asked in self.unknown:
            if untold:
                call.end(usage_of(untold.pop(0), asked))
        self.unknown = []
        return [usage_of(entry, Asked()) for entry in untold]

    def _untold(self) -> list[RequestUsage]:
        told = Counter(_counts(entry) for usage in self._told for entry in _entries(usage))
        untold = []
        for entry in self._entries[self._before :]:
            counts = _counts(entry)
            if told[counts]:
                told[counts] -= 1
            elif entry.total_tokens:
                untold.append(entry)
        return untold


def _entries(usage: AgentsUsage) -> Sequence[RequestUsage | AgentsUsage]:
    # Just as the SDK adds them: what is a single request has no entries of its own.
    return usage.request_usage_entries or [usage]


def _counts(counted: RequestUsage | AgentsUsage) -> tuple[int, int, int]:
    return counted.input_tokens, counted.output_tokens, counted.total_tokens
