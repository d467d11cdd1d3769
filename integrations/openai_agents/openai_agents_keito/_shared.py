"""What several runs consume together, as the SDK counts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from keito.billing import Usage

from ._usage import Asked, usage_of

if TYPE_CHECKING:
    from agents import Usage as AgentsUsage
    from agents.usage import RequestUsage

    from keito.billing import ModelCall

# A hook is told of an answer when it was just counted, with perhaps a few others'.
_NEAR = 50


class Lost(NamedTuple):
    """A model call that ended without its usage.

    Attributes:
        call: The call.
        asked: The model that was asked for.
        agent: Who asked.
        since: How many requests the SDK had counted when it began.
    """

    call: ModelCall
    asked: Asked
    agent: str
    since: int


class SharedUsage:
    """What the SDK counts of a run, and of all that share its usage with it.

    Some answers are counted there of which no hook is told, e.g. one that the SDK then refuses, or
    the summary that a session has made of a conversation. Once all who share it have ended, what
    was not told belongs to the calls that ended without their usage, or else is told then.

    Args:
        usage: The SDK's object. It may hold what earlier runs have consumed. None for a run whose
            object the SDK has yet to make.

    Attributes:
        entries: What the SDK has counted, request by request.
        lost: The calls that ended without their usage.
        to_come: Whether the SDK has yet to make its object.
    """

    def __init__(self, usage: AgentsUsage | None = None) -> None:
        self.to_come = usage is None
        # Not the object itself: who waits for its end must not keep it.
        self.entries: list[RequestUsage] = [] if usage is None else usage.request_usage_entries
        self._before = len(self.entries)
        self._sharers = 0
        # Those of which a hook was told, and what hooks were told that was not counted then: of a
        # run around, whose usage the caller may have added, or without any tokens.
        self._told: set[int] = set()
        self._others: list[RequestUsage | AgentsUsage] = []
        self._above: SharedUsage | None = None
        self.lost: list[Lost] = []

    def is_of(self, usage: AgentsUsage) -> bool:
        """Whether this is what the SDK's object says, which adds to the same list for good."""
        return self.entries is usage.request_usage_entries

    def goes_on_in(self, usage: AgentsUsage, *, whole: bool) -> SharedUsage:
        """Go on in the object that the SDK has made.

        Args:
            usage: The SDK's object.
            whole: Whether all that it holds is the run's.

        Returns:
            What is known of it to all who share it: this, unless a run inside was sooner.
        """
        shared = _shared.setdefault(id(usage.request_usage_entries), self)
        if shared is self:
            self.to_come = False
            self.entries = usage.request_usage_entries
            self._before = 0 if whole else len(self.entries)
            return self
        if whole:
            shared._before = 0
        shared._others += self._others
        above = self._above
        if shared._is_within(self):
            shared._above = None
        shared.enter(above)
        # Whoever is within this, and not within that, is within both from now on.
        self._above, self._sharers = shared, 0
        return shared

    def enter(self, above: SharedUsage | None) -> None:
        """Count somebody who shares it.

        Args:
            above: The usage of the run around, where that is another: the caller may add one to
                the other.
        """
        self._sharers += 1
        # Two levels below, a run may be given the outermost's context: in a circle, whoever goes
        # upwards would never come back, and the agent would hang.
        if above is not None and self._above is None and not above._is_within(self):
            self._above = above.nearest()

    def _is_within(self, other: SharedUsage) -> bool:
        shared: SharedUsage | None = self
        while shared is not None and shared is not other:
            shared = shared._above
        return shared is not None

    def nearest(self) -> SharedUsage | None:
        """Return it if anybody still shares it, else the nearest above that somebody does."""
        shared: SharedUsage | None = self
        while shared is not None and not shared._sharers:
            shared = shared._above
        return shared

    def tell(self, usage: AgentsUsage) -> None:
        """Note what a hook was told, here and in the runs around."""
        last = len(self.entries) - 1
        if usage.request_usage_entries or self._above is not None or last < self._before:
            self._tell_all(usage)
            return
        # Nearly always the hook is told of what was counted last.
        one = self.entries[last]
        if (
            one.input_tokens == usage.input_tokens
            and one.output_tokens == usage.output_tokens
            and one.total_tokens == usage.total_tokens
            and last not in self._told
        ):
            self._told.add(last)
        else:
            self._tell_all(usage)

    def _tell_all(self, usage: AgentsUsage) -> None:
        for one in _entries(usage):
            number = self._last_like(one)
            if number is None:
                self._others.append(one)
            else:
                self._told.add(number)
        above = self._above
        while above is not None:
            if above._sharers:
                above._others += _entries(usage)
            above = above._above

    def _last_like(self, one: RequestUsage | AgentsUsage) -> int | None:
        """Return the number of the request that a hook is told of: one of the last counted."""
        counts, end = _counts(one), len(self.entries)
        for number in range(end - 1, max(self._before, end - _NEAR) - 1, -1):
            if number not in self._told and _counts(self.entries[number]) == counts:
                return number
        return None

    def leave(self) -> list[Usage]:
        """Count one less who shares it; whoever is last settles what no hook was told.

        Returns:
            What belongs to no call that anybody knows of.
        """
        self._sharers -= 1
        if self._sharers:
            return []
        _shared.pop(id(self.entries), None)
        # All is told, as it is of nearly all runs, or there is something to settle.
        left = [] if len(self._told) == len(self.entries) - self._before else self._settled()
        # Tasks that outlive the run may keep this for long.
        self._told, self._others, self.lost = set(), [], []
        self._before = len(self.entries)
        self._above = None if self._above is None else self._above.nearest()
        return left

    def _settled(self) -> list[Usage]:
        left = []
        for number, entry in self._untold():
            lost = self._lost_at(number)
            if lost is None:
                left.append(usage_of(entry, Asked()))
            else:
                self.lost.remove(lost)
                lost.call.end(usage_of(entry, lost.asked))
        return left

    def _untold(self) -> list[tuple[int, RequestUsage]]:
        others = Counter(map(_counts, self._others))
        untold = []
        for number, entry in enumerate(self.entries[self._before :], self._before):
            counts = _counts(entry)
            if number in self._told or not any(counts):
                continue
            if others[counts]:
                others[counts] -= 1
            else:
                untold.append((number, entry))
        return untold

    def _lost_at(self, number: int) -> Lost | None:
        """Return the call that a request was counted for, unless it may be one of several."""
        begun = [lost for lost in self.lost if lost.since <= number]
        said = {(lost.call.record, lost.asked, lost.agent) for lost in begun}
        return begun[0] if len(said) == 1 else None


_shared: dict[int, SharedUsage] = {}
"""What open runs consume, by the id of the list in which the SDK counts it."""


def shared_by(usage: AgentsUsage) -> SharedUsage:
    """Return what is known of the SDK's object to all who share it."""
    key = id(usage.request_usage_entries)
    # The list is kept by what is found here, so no other has its id meanwhile.
    return _shared.get(key) or _shared.setdefault(key, SharedUsage(usage))


def _entries(usage: AgentsUsage) -> Sequence[RequestUsage | AgentsUsage]:
    # Just as the SDK adds them: what is a single request has no entries of its own.
    return usage.request_usage_entries or [usage]


def _counts(counted: RequestUsage | AgentsUsage) -> tuple[int, int, int]:
    return counted.input_tokens, counted.output_tokens, counted.total_tokens
