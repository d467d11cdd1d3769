"""How much of an outcome is charged at most, whoever claims it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """The most that is charged of one type of outcome.

    What goes over it is recorded, not billable, and says `capped` in its metadata.

    Attributes:
        quantity: The most that one outcome may claim; None is no limit.
        per_day: The most that is charged per project and day of the contract's time zone, all runs
            and processes together; None is no limit.

    Raises:
        TypeError: A limit is not a whole number.
        ValueError: A limit is negative, or there is none.
    """

    quantity: int | None = None
    per_day: int | None = None

    def __post_init__(self) -> None:
        _check("quantity", self.quantity)
        _check("per_day", self.per_day)
        if self.quantity is None and self.per_day is None:
            raise ValueError("Cap: give quantity, per_day or both")

    def facts(self) -> dict[str, int]:
        """Return its fields, without those that are not set."""
        said = {"quantity": self.quantity, "per_day": self.per_day}
        return {name: most for name, most in said.items() if most is not None}


def _check(name: str, most: int | None) -> None:
    if most is None:
        return
    if isinstance(most, bool) or not isinstance(most, int):
        raise TypeError(f"Cap({name}=): give a whole number")
    if most < 0:
        raise ValueError(f"Cap({name}=): must be 0 or more")
