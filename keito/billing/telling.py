"""What the result of a billed function tells: its outcome, what that is worth, and the notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from ._guard import kept
from .amounts import amount
from .run import Run

V = TypeVar("V")

Told: TypeAlias = V | Callable[[Any], V | None] | None
"""A value, or a function that tells it from what the billed function returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What is told of a run beside its time; see `billed` for the meaning of each.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: The price is negative.
    """

    outcome: Told[str] = None
    unit_price: Told[Decimal | int | str] = None
    notes: Told[str] = None

    def __post_init__(self) -> None:
        for name in ("outcome", "notes"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str) and not callable(value):
                raise TypeError(f"{name}: give text, or a function of the result")
        if self.unit_price is not None and not callable(self.unit_price):
            amount("unit_price", self.unit_price)

    @property
    def needs_result(self) -> bool:
        """Whether anything of it is a function of the result."""
        return any(map(callable, (self.outcome, self.unit_price, self.notes)))

    def begin(self, run: Run) -> None:
        """Say at the start what needs no result: a run that fails has these notes too."""
        # Runs folded into one share its notes: a function that calls itself says them once.
        if isinstance(self.notes, str) and self.notes and self.notes not in run._ledger.said.notes:
            run.note(self.notes)

    def end(self, run: Run, result: object) -> None:
        """Ask the functions; where one fails, the others are asked all the same."""
        kept("asking for the notes", lambda: self._note(run, result), None)
        kept("asking for the outcome", lambda: self._outcome(run, result), None)

    def _note(self, run: Run, result: object) -> None:
        said = self.notes(result) if callable(self.notes) else None
        if said:
            run.note(said)

    def _outcome(self, run: Run, result: object) -> None:
        outcome_type = self.outcome(result) if callable(self.outcome) else self.outcome
        if outcome_type:
            # The outcome was achieved, whatever becomes of its price.
            prices = kept("asking for the price", lambda: [self._price(result)], [])
            if prices:
                run.outcome(outcome_type, unit_price=prices[0])
            else:
                run.unpriced_outcome(outcome_type)

    def _price(self, result: object) -> Decimal | None:
        told = self.unit_price(result) if callable(self.unit_price) else self.unit_price
        return None if told is None else amount("unit_price", told)
