"""Adding money up exactly."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact

# Wide enough for any sum of products of plausible numbers; should one not fit, it fails loudly
# instead of rounding, so a total can never depend on the order of its parts.
_EXACT = Context(prec=2000, traps=[Inexact])
_MOST_DIGITS = 200


class Sum:
    """A sum that knows whether all of its parts were known.

    Attributes:
        amount: The sum of the known parts.
        unknown: How many parts were not known.
    """

    def __init__(self) -> None:
        self.amount = Decimal(0)
        self.unknown = 0

    def add(self, part: Decimal | None) -> None:
        """Add a part; None is a part that nobody knows, which is not nothing."""
        self.add_product(part, Decimal(1))

    def add_product(self, one: Decimal | None, other: Decimal | None) -> None:
        """Add the product of two factors, unknown if either is."""
        if one is None or other is None or not (_plausible(one) and _plausible(other)):
            self.unknown += 1
        else:
            self.amount = _EXACT.add(self.amount, _EXACT.multiply(one, other))

    @property
    def known(self) -> bool:
        """Whether every part was known."""
        return self.unknown == 0

    @property
    def total(self) -> Decimal | None:
        """The sum, or None when a part of it is unknown."""
        return self.amount if self.known else None


def _plausible(number: Decimal) -> bool:
    """Whether a number is an amount at all: metadata may hold 1e999999, which is none."""
    if not number.is_finite():
        return False
    _, digits, exponent = number.as_tuple()
    return abs(int(exponent)) + len(digits) <= _MOST_DIGITS
