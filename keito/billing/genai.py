"""The default price list: the library genai-prices, where it is installed."""

from __future__ import annotations

from datetime import date, datetime, time, timezone
from decimal import localcontext
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from ._forks import whole
from .prices import Cost, Parts, parts_of
from .usage import EXACT, Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, PriceCalculation

NAME = "genai-prices"
_MIDNIGHT = time(tzinfo=timezone.utc)


class GenaiPrices:
    """Prices of the version that is installed; without it, no price is known.

    The library is loaded for the first call that has to be priced, or by a thread before that where
    cost is limited: it takes a while, and is not needed where providers report costs. It asks the
    network only if the program tells it to.
    """

    def cost(self, usage: Usage, *, day: date) -> Cost | None:
        """See `Prices`. A price that depends on the time of day is not known."""
        parts = parts_of(usage)
        if parts is None or not usage.model or _library() is None:
            return None
        try:
            first = _calculation(usage, day, _MIDNIGHT)
        except LookupError:
            return None
        found = [first, *(_calculation(usage, day, at) for at in _changes(first.model))]
        if not all(_covers(one, parts) for one in found):
            return None
        if len({one.total_price for one in found}) > 1:
            return None
        return Cost(usd=first.total_price, source=NAME, version=_version(first))


@cache
def _library() -> ModuleType | None:
    try:
        with whole():
            import genai_prices
    except ImportError:
        return None
    return genai_prices


def _calculation(usage: Usage, day: date, at: time) -> PriceCalculation:
    # The library loads parts of itself, and its list, when they are first needed.
    with whole(), localcontext(EXACT):
        import genai_prices

        counts = genai_prices.Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            cache_write_1h_tokens=usage.cache_write_1h_tokens,
            output_reasoning_tokens=usage.reasoning_tokens,
        )
        return genai_prices.calc_price(
            counts,
            usage.model or "",
            provider_id=usage.provider,
            genai_request_timestamp=datetime.combine(day, at),
        )


def _changes(model: ModelInfo) -> list[time]:
    """List the times of day at which the model's price changes."""
    from genai_prices.types import TimeOfDateConstraint

    conditions = model.prices if isinstance(model.prices, list) else []
    hours = [c.constraint for c in conditions if isinstance(c.constraint, TimeOfDateConstraint)]
    return [at for hour in hours for at in (hour.start_time, hour.end_time)]


def _covers(found: PriceCalculation, parts: Parts) -> bool:
    # The library takes what has no price for free, lists models without any price, and takes a
    # write for an hour for one for five minutes where it has no price for it.
    price = found.model_price
    writes = parts.cache_write + parts.cache_write_1h
    needed = {
        "input_mtok": parts.input + parts.cache_read + writes,
        "output_mtok": parts.output + parts.reasoning,
        "cache_write_1h_mtok": parts.cache_write_1h,
    }
    return all(getattr(price, name, None) is not None for name, used in needed.items() if used)


def _version(found: PriceCalculation) -> str:
    import genai_prices

    updated = found.auto_update_timestamp
    return genai_prices.__version__ + (f"+{updated:%Y%m%dT%H%M%S}" if updated else "")
