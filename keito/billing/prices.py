"""Prices: what one model call costs, in US dollars."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from .amounts import amount
from .usage import EXACT, TOKENS, Usage, count

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a model call costs.

    Attributes:
        usd: US dollars.
        source: Who says so: the price list's name.
        version: Which version of that list, if it has versions.

    Raises:
        TypeError: The dollars are a float, or no number.
        ValueError: They are negative or not finite.
    """

    usd: Decimal
    source: str
    version: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "usd", amount("Cost(usd=)", self.usd))


class Prices(Protocol):
    """A price list.

    It is asked where records are rendered, which can be another thread or process than the one
    that made the call. Give all recorders and couriers of an outbox the same.
    """

    def cost(self, usage: Usage, *, day: date) -> Cost | None:
        """Return what a call costs at the prices of that day; None if that is not known.

        It is asked only where the provider did not report a cost itself.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model's tokens cost, in US dollars per million.

    Attributes:
        input: Input that neither came from a cache nor was written to one.
        output: Output that is not reasoning.
        cache_read: Input that came from a cache; default: as other input.
        cache_write: Input that was written to a cache; default: as other input.
        reasoning: Output that is reasoning; default: as other output.
        cache_write_1h: Input that was written to a cache for one hour. Providers that tell it
            apart charge more for it, so without a price the cost of such a call is unknown.

    Raises:
        TypeError: A price is a float, or no number.
        ValueError: A price is negative or not finite.
    """

    input: Decimal | int | str
    output: Decimal | int | str
    cache_read: Decimal | int | str | None = None
    cache_write: Decimal | int | str | None = None
    reasoning: Decimal | int | str | None = None
    cache_write_1h: Decimal | int | str | None = None

    def __post_init__(self) -> None:
        defaults = {"cache_read": "input", "cache_write": "input", "reasoning": "output"}
        for name in self.__slots__:
            if getattr(self, name) is None and name in defaults:
                object.__setattr__(self, name, getattr(self, defaults[name]))
            if name != "cache_write_1h" or self.cache_write_1h is not None:
                object.__setattr__(self, name, amount(f"Price({name}=)", getattr(self, name)))

    def of(self, parts: Parts) -> Decimal | None:
        """Return what a call costs, in US dollars; None if a part of it has no known price."""
        if parts.cache_write_1h and self.cache_write_1h is None:
            return None
        total = Decimal(0)
        for name in self.__slots__:
            total = EXACT.fma(getattr(parts, name), getattr(self, name) or 0, total)
        return EXACT.divide(total, _MILLION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A call's tokens, each counted once."""

    input: int
    output: int
    cache_read: int
    cache_write: int
    reasoning: int
    cache_write_1h: int


class FixedPrices:
    """A price list of your own: one price for each model, whatever the day.

    Args:
        models: The prices by the model's name, as the provider says it.
        name: What the list is called, for `cost_source`.
        version: What tells its versions apart, for `price_version`; default: a hash of the prices.
    """

    def __init__(
        self, models: Mapping[str, Price], *, name: str = "fixed", version: str | None = None
    ) -> None:
        self._models = dict(models)
        self._name = name
        self._version = version or _hash(self._models)

    def cost(self, usage: Usage, *, day: date) -> Cost | None:
        """See `Prices`."""
        price = self._models.get(usage.model or "")
        parts = parts_of(usage)
        usd = price.of(parts) if price is not None and parts is not None else None
        return None if usd is None else Cost(usd=usd, source=self._name, version=self._version)


def parts_of(usage: Usage) -> Parts | None:
    """Split a call's tokens by what they cost; None if they are not known or contradict.

    A part that nobody mentioned has no tokens of its own: providers leave it out where it is 0.
    """
    numbers = {name: getattr(usage, name) for name in TOKENS}
    said = {name: count(value) for name, value in numbers.items() if value is not None}
    if None in said.values():
        return None
    whole, answer = said.get("input_tokens"), said.get("output_tokens")
    if whole is None or answer is None:
        return None
    read, written = said.get("cache_read_tokens") or 0, said.get("cache_write_tokens") or 0
    thought, hour = said.get("reasoning_tokens") or 0, said.get("cache_write_1h_tokens") or 0
    if read + written > whole or thought > answer or hour > written:
        return None
    return Parts(
        input=whole - read - written,
        output=answer - thought,
        cache_read=read,
        cache_write=written - hour,
        reasoning=thought,
        cache_write_1h=hour,
    )


def _hash(models: Mapping[str, Price]) -> str:
    rows = [(name, *map(str, astuple(price))) for name, price in sorted(models.items())]
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
