"""What a run's model calls cost: all of them together, or it is not known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation, localcontext
from functools import partial

from ._guard import kept
from .prices import Cost, Prices
from .run_facts import UsageFacts
from .usage import EXACT, TOKENS, Usage, each, money

PROVIDER = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCost:
    """What a run's model calls cost.

    Attributes:
        usd: US dollars; None if one of the calls has no known cost.
        source: Who says so: `provider`, a price list's name, or several, joined by `+`.
        version: The version of the price list.
        unpriced: How many calls have no known cost.
    """

    usd: Decimal | None = None
    source: str | None = None
    version: str | None = None
    unpriced: int = 0

    def metadata(self) -> dict[str, object]:
        """Return what an entry's metadata says of it; None is not said."""
        return {
            "cost_usd": self.usd,
            "cost_source": self.source,
            "price_version": self.version,
            "llm_calls_unpriced": self.unpriced or None,
        }


def run_cost(usage: Sequence[UsageFacts], *, day: date, prices: Prices | None) -> RunCost:
    """Add up what each call cost: what its provider reported, else what the price list says.

    Args:
        usage: What the run consumed.
        day: When.
        prices: The price list; None: only providers say.
    """
    if not usage:
        return RunCost()
    with localcontext(EXACT):
        costs = [cost for group in usage for cost in _costs(group, day, prices)]
        known = [cost for cost in costs if cost is not None]
        if len(known) < len(costs):
            return RunCost(unpriced=len(costs) - len(known))
        return RunCost(
            usd=sum((cost.usd for cost in known), Decimal(0)),
            source=_joined(cost.source for cost in known),
            version=_joined(cost.version for cost in known),
        )


def call_cost(
    usage: Usage, *, day: date, prices: Prices | None, model: str | None = None
) -> Cost | None:
    """Return what one call costs, as its run's entry will count it; None if that is not known.

    Args:
        usage: What it consumed.
        day: When.
        prices: The price list; None: only the provider says.
        model: The model asked for, used where the usage names none.
    """
    group: UsageFacts = {"provider": usage.provider, "model": usage.model or model}
    group["each"] = each([usage])
    with localcontext(EXACT):
        (cost,) = _costs(group, day, prices)
    return cost


def _costs(group: UsageFacts, day: date, prices: Prices | None) -> list[Cost | None]:
    # Prices can rise with a call's length, so calls are priced one by one and not by their sum.
    calls = group.get("each")
    if calls is None:
        return [None] * group.get("calls", 1)
    return [_cost(_usage(group, call), day, prices) for call in calls]


def _cost(usage: Usage, day: date, prices: Prices | None) -> Cost | None:
    if usage.reported_cost_usd is not None:
        return Cost(usd=usage.reported_cost_usd, source=PROVIDER)
    if prices is None:
        return None
    return kept("pricing a model call", partial(_asked, prices, usage, day), None)


def _asked(prices: Prices, usage: Usage, day: date) -> Cost | None:
    cost: object = prices.cost(usage, day=day)
    if cost is None or isinstance(cost, Cost):
        return cost
    raise TypeError("a price list returns a Cost or None")


def _usage(group: UsageFacts, call: Sequence[int | str | None]) -> Usage:
    # A line of an earlier version has fewer counts; the reported cost is last in all.
    *counts, reported = call
    tokens = dict(zip(TOKENS, map(_number, counts), strict=False))
    return Usage(
        model=group.get("model"),
        provider=group.get("provider"),
        reported_cost_usd=_reported(reported),
        **tokens,
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _reported(value: object) -> Decimal | None:
    try:
        return money(Decimal(value)) if isinstance(value, str) else None
    except InvalidOperation:
        return None


def _joined(names: Iterable[str | None]) -> str | None:
    return "+".join(sorted({name for name in names if name})) or None
