"""What one model call consumed, and adding it up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from operator import attrgetter

TOKENS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    # New ones come last: lists that an earlier version wrote have what came before.
    "cache_write_1h_tokens",
)

# More than anybody will ever use, and few enough digits to be written and read anywhere.
_MOST = 2**53
_TOKENS_OF = attrgetter(*TOKENS)

# Not the thread's own context: a host that works with few digits must not round a bill.
EXACT = Context(
    prec=100,
    rounding=ROUND_HALF_EVEN,
    Emin=MIN_EMIN,
    Emax=MAX_EMAX,
    capitals=1,
    clamp=0,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)


@dataclass(frozen=True, init=False, kw_only=True)
class Usage:
    """What one model call consumed; None is "the provider did not say", 0 is 0.

    Attributes:
        model: The model that answered, by the provider's name for it.
        provider: Who served it, e.g. `openai`.
        input_tokens: All input, including what was read from and written to a cache.
        output_tokens: All output, including reasoning.
        cache_read_tokens: The part of the input that came from a cache.
        cache_write_tokens: The part of the input that was written to a cache.
        reasoning_tokens: The part of the output that was reasoning.
        cache_write_1h_tokens: The part of `cache_write_tokens` that is kept for an hour, which
            costs more than the usual five minutes.
        reported_cost_usd: What the provider itself says the call cost.
    """

    model: str | None = None
    provider: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reported_cost_usd: Decimal | None = None

    def __init__(
        self,
        *,
        model: str | None = None,
        provider: str | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cache_read_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        reasoning_tokens: int | None = None,
        cache_write_1h_tokens: int | None = None,
        reported_cost_usd: Decimal | None = None,
    ) -> None:
        # Every model call passes here: what a frozen dataclass does by itself takes twice as long.
        said = self.__dict__
        # An adapter passes on what it was given: an object that is no name must not keep the run
        # from being recorded.
        said["model"] = model if isinstance(model, str) else None
        said["provider"] = provider if isinstance(provider, str) else None
        said["input_tokens"] = input_tokens
        said["output_tokens"] = output_tokens
        said["cache_read_tokens"] = cache_read_tokens
        said["cache_write_tokens"] = cache_write_tokens
        said["reasoning_tokens"] = reasoning_tokens
        said["cache_write_1h_tokens"] = cache_write_1h_tokens
        said["reported_cost_usd"] = reported_cost_usd

    def __post_init__(self) -> None:
        # Only a subclass that is a dataclass, too, comes here: what makes it checks nothing.
        for name in ("model", "provider"):
            object.__setattr__(self, name, text(getattr(self, name)))

    @property
    def complete(self) -> bool:
        """Whether the provider said how much went in and how much came out."""
        return count(self.input_tokens) is not None and count(self.output_tokens) is not None


def totals(usages: Iterable[Usage | None]) -> dict[str, int | str]:
    """Add up what providers said; a number nobody said is absent.

    `calls` counts all of them, `incomplete` those whose input or output nobody knows. The cost is
    only a total when every call reported one: a part of a bill is not the bill.
    """
    calls = incomplete = 0
    sums: dict[str, int] = {}
    cost: Decimal | None = Decimal(0)
    for usage in usages:
        calls += 1
        if usage is None or not _added(sums, usage):
            incomplete += 1
        reported = None if usage is None else money(usage.reported_cost_usd)
        cost = None if cost is None or reported is None else EXACT.add(cost, reported)
    result: dict[str, int | str] = {"calls": calls, **sums}
    if incomplete:
        result["incomplete"] = incomplete
    if calls and cost is not None:
        result["cost_usd"] = str(cost)
    return result


def text(value: object) -> str | None:
    """Return a name; what is no text names nothing."""
    return value if isinstance(value, str) else None


def _added(sums: dict[str, int], usage: Usage) -> bool:
    """Add what a call consumed; whether it is known what went in and out."""
    said = counts(usage)
    for name, tokens in zip(TOKENS, said, strict=True):
        if tokens is not None:
            sums[name] = sums.get(name, 0) + tokens
    return said[0] is not None and said[1] is not None


def each(usages: Iterable[Usage | None]) -> list[list[int | str | None]]:
    """List what each call consumed in the order of `TOKENS`, and its reported cost, as text."""
    return [_said(usage or Usage()) for usage in usages]


def _said(usage: Usage) -> list[int | str | None]:
    cost = money(usage.reported_cost_usd)
    return [*counts(usage), None if cost is None else str(cost)]


def counts(usage: Usage) -> list[int | None]:
    """Return its numbers of tokens in the order of `TOKENS`, each of them one or None."""
    said = _TOKENS_OF(usage)
    # Nearly all are, and no function is called for these: the end of a run waits for this.
    for value in said:
        if value is not None and (type(value) is not int or not 0 <= value <= _MOST):
            return [count(one) for one in said]
    return list(said)


def count(value: object) -> int | None:
    """Return a number of tokens, or None for what is none."""
    # A provider's oddity (a text, a negative number) is not a count, so it is unknown.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST:
        return int(value)
    return None


def money(value: object) -> Decimal | None:
    """Return an amount, or None for what is none."""
    if isinstance(value, Decimal) and value.is_finite() and value >= 0:
        return value
    return None
