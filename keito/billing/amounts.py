"""Money and quantities as exact numbers."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation


def amount(what: str, value: Decimal | int | str) -> Decimal:
    """Return money or a quantity as an exact number.

    Raises:
        TypeError: It is a float (which can't hold 0.99), or no number at all.
        ValueError: It is negative or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        raise TypeError(f"{what}: give Decimal, int or text, not {type(value).__name__}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{what}: {value!r} is not a number") from None
    if not number.is_finite() or number < 0:
        raise ValueError(f"{what}: must be 0 or more")
    return number
