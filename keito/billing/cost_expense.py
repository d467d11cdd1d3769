"""Passing on what the model calls cost: one expense per project and day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from .amounts import amount

_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CostExpense:
    """The daily expense for what a project's model calls cost.

    Attributes:
        category_id: The expense category in Keito.
        markup: What is added, as a fraction: 0.2 is 20 %.
        currency: What the expense is in, as three capital letters: the project's currency.
        rate: Units of `currency` per US dollar; costs are known in US dollars, and nobody but you
            says what one is worth. Left out for USD, required for all others.
        billable: Whether the client pays for it.
        notes: What the client reads; `{day}` is filled in, e.g. 2026-03-05.

    Raises:
        TypeError: A number is a float or no number, or a text is no text.
        ValueError: A number is negative or not finite, the currency is not a currency's code, or
            the rate is missing, 0, or given for USD and not 1.
    """

    category_id: str
    markup: Decimal | int | str = 0
    currency: str = "USD"
    rate: Decimal | int | str | None = None
    billable: bool = True
    notes: str = "LLM usage on {day}"

    def __post_init__(self) -> None:
        for name in ("category_id", "currency", "notes"):
            value: object = getattr(self, name)
            if not isinstance(value, str) or not value:
                raise TypeError(f"CostExpense({name}=): give text that is not empty")
        if not isinstance(self.billable, bool):
            raise TypeError("CostExpense(billable=): give True or False")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(
                f"CostExpense(currency=): {self.currency!r} is not a code like USD or EUR"
            )
        amount("CostExpense(markup=)", self.markup)
        self._check_rate()

    @property
    def factor(self) -> Decimal:
        """What one US dollar of cost becomes: the rate, before the markup."""
        return Decimal(1) if self.rate is None else amount("rate", self.rate)

    def facts(self) -> dict[str, object]:
        """Return its fields; numbers as text, so that they stay exact."""
        return {
            "category_id": self.category_id,
            "markup": str(amount("markup", self.markup)),
            "currency": self.currency,
            "rate": None if self.rate is None else str(amount("rate", self.rate)),
            "billable": self.billable,
            "notes": self.notes,
        }

    def _check_rate(self) -> None:
        if self.rate is None:
            if self.currency != "USD":
                raise ValueError(
                    f"CostExpense(rate=): say how many {self.currency} a US dollar is worth"
                )
            return
        rate = amount("CostExpense(rate=)", self.rate)
        if rate == 0:
            raise ValueError("CostExpense(rate=): must be more than 0")
        if self.currency == "USD" and rate != 1:
            raise ValueError("CostExpense(rate=): a US dollar is worth one US dollar")
