"""What a run may use up before it is stopped."""

from __future__ import annotations

from dataclasses import dataclass

from .._errors import KeitoError
from .ledger import Ledger, now


class KeitoLimitReached(KeitoError):  # noqa: N818 - reaching a limit is no fault
    """The run has used up what it may: raised by `Run.check` before the next paid call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one run, with everything started under it, may use up; None is any amount.

    Attributes:
        model_calls: How many model calls.
        tokens: How many tokens, in and out together, as far as providers said.
        seconds: How long it may take.
    """

    model_calls: int | None = None
    tokens: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"Limits({name}=) is more than 0")

    def check(self, ledger: Ledger) -> None:
        """Return if there is something left.

        Raises:
            KeitoLimitReached: There is not.
        """
        calls = ledger.calls_with_descendants() if self.model_calls or self.tokens else []
        used = {
            "model_calls": len(calls),
            "tokens": sum(call.tokens for call in calls),
            "seconds": (now() - ledger.started) / 1_000_000,
        }
        for name, amount in used.items():
            most = getattr(self, name)
            if most is not None and amount >= most:
                raise KeitoLimitReached(f"this run may use {most} {name.replace('_', ' ')}")
