"""What a provider or gateway itself says that a call cost, in US dollars."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from ..usage import EXACT
from .fields import Fields

# What no call costs, and how many decimals no price has: beyond, it is not an amount.
MOST = Decimal(10**9)
DECIMALS = 40


def reported(usage: Fields) -> Decimal | None:
    """Return the reported cost; None when the provider did not say.

    xAI counts in ticks of 10^-10 dollar. OpenRouter's `cost` is what it charges; where a key of
    the user's own was used that is a fee, and the provider's bill comes on top.
    """
    ticks = usage.count("cost_in_usd_ticks")
    if ticks is not None:
        return EXACT.scaleb(Decimal(ticks), -10)
    gateway = amount(usage.get("pydantic_ai_gateway.cost_estimate"))
    if gateway is not None:
        return gateway
    cost = amount(usage.get("cost"))
    if usage.get("is_byok") is not True:
        return cost
    upstream = amount(usage.get("cost_details.upstream_inference_cost"))
    return None if cost is None or upstream is None else EXACT.add(cost, upstream)


def amount(value: object) -> Decimal | None:
    """Return a number as it was written; None when it can't be an amount.

    JSON parsers hand over floats; the shortest text of a float is what was written.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        number = Decimal(float.__repr__(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite() or not 0 <= number <= MOST:
        return None
    exponent = number.as_tuple().exponent
    return number.copy_abs() if isinstance(exponent, int) and exponent >= -DECIMALS else None
