"""Arithmetic with money: exact, and rounded to cents once, at the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from .records import LineItem

# Wide enough that no product or sum of what the API takes is ever rounded on the way.
EXACT = Context(prec=200)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Totals:
    """An invoice's amounts; None where no percentage is set."""

    amount: Decimal
    discount_amount: Decimal | None
    tax_amount: Decimal | None
    tax2_amount: Decimal | None


def times(quantity: Decimal, price: Decimal) -> Decimal:
    """The exact product."""
    return EXACT.multiply(quantity, price)


def total(values: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    with localcontext(EXACT):
        return sum(values, Decimal(0))


def cents(value: Decimal) -> Decimal:
    """Rounded to cents, half up, as invoices are."""
    return value.quantize(_CENT, rounding=ROUND_HALF_UP, context=EXACT)


def invoice_totals(
    lines: Iterable[LineItem],
    *,
    tax: Decimal | None,
    tax2: Decimal | None,
    discount: Decimal | None,
) -> Totals:
    """An invoice's amounts. The discount comes off first, and taxes are on what is left."""
    lines = list(lines)
    with localcontext(EXACT):
        kept = 1 - (discount or Decimal(0)) / 100
        subtotal = total(line.amount for line in lines)
        discounted = _percentage(subtotal, discount)
        taxed = _percentage(total(line.amount for line in lines if line.taxed) * kept, tax)
        taxed2 = _percentage(total(line.amount for line in lines if line.taxed2) * kept, tax2)
        amount = subtotal - (discounted or 0) + (taxed or 0) + (taxed2 or 0)
    return Totals(cents(amount), discounted, taxed, taxed2)


def _percentage(value: Decimal, percent: Decimal | None) -> Decimal | None:
    return None if percent is None else cents(value * percent / 100)
