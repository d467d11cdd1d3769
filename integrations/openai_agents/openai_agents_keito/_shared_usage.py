"""The usage object that the SDK adds the answers of a run to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from keito.billing import Usage

from ._usage import Asked, usage_from

if TYPE_CHECKING:
    from agents import Usage as AgentsUsage
    from agents.usage import RequestUsage

    from keito.billing import ModelCall


class SharedUsage:
    """What the SDK says that a run and the agents it uses as tools have consumed together.

    Some answers are added there of which no hook is told, e.g. one that the SDK then refuses. What
    is there and was not told belongs to the calls that ended without their usage.

    Args:
        usage: The object. It may hold what earlier runs have consumed.
        owner: Who saw it first.
        above: The usage of the run this one is nested in, where that is another object: the caller
            may add one to the other.
    """

    def __init__(
        self, usage: AgentsUsage, *, owner: object, above: SharedUsage | None = None
    ) -> None:
        self.usage = usage
        self.owner = owner
        self.unknown: list[tuple[ModelCall, Asked]] = []
        """Calls that ended without their usage, with what was asked for."""
        self._above = above
        self._before = len(usage.request_usage_entries)
        self._told: list[AgentsUsage] = []

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
                call.end(usage_from(untold.pop(0), asked))
        self.unknown = []
        return [usage_from(entry, Asked()) for entry in untold]

    def _untold(self) -> list[RequestUsage]:
        told = Counter(_counts(entry) for usage in self._told for entry in _entries(usage))
        untold = []
        for entry in self.usage.request_usage_entries[self._before :]:
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
