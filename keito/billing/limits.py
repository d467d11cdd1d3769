"""What a run may use up before it is stopped."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from .._errors import KeitoError
from .amounts import amount

_UNITS = {
    "model_calls": "model calls",
    "tokens": "tokens",
    "cost": "US dollars",
    "seconds": "seconds",
}


class KeitoLimitReached(KeitoError):  # noqa: N818 - reaching a limit is no fault
    """The run, or one it was started under, has used up what it may.

    Raised by `Run.check`, before the next paid call.

    Attributes:
        limit: Which limit: `model_calls`, `tokens`, `cost` or `seconds`.
        allowed: How much may be used.
        used: How much is used; None: nobody knows, and the limits say to stop then.
    """

    def __init__(self, limit: str, allowed: Decimal | float, used: Decimal | float | None) -> None:
        super().__init__(limit, allowed, used)
        self.limit = limit
        self.allowed = allowed
        self.used = used

    def __str__(self) -> str:
        used = "and what is used is not known" if self.used is None else f"{_text(self.used)} used"
        return f"a limit is reached: {_text(self.allowed)} {_UNITS[self.limit]} allowed, {used}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a run, with everything started under it, may use up; None is any amount.

    Attributes:
        model_calls: How many model calls, ended or not.
        tokens: How many tokens, in and out together.
        cost: How many US dollars the model calls may cost.
        seconds: How long it may take, without its pauses.
        on_unknown: What becomes of a run that has a limit on cost or tokens, once nobody knows
            those of one of its calls: `allow` counts the others, `stop` stops it.

    Raises:
        TypeError: A limit has the wrong type; the cost is a float, which can't hold 0.30.
        ValueError: A limit is not more than 0, or `on_unknown` is neither of the two.
    """

    model_calls: int | None = None
    tokens: int | None = None
    cost: Decimal | int | str | None = None
    seconds: float | None = None
    on_unknown: Literal["allow", "stop"] = "allow"

    def __post_init__(self) -> None:
        if self.cost is not None:
            object.__setattr__(self, "cost", amount("Limits(cost=)", self.cost))
        _numbers(int, model_calls=self.model_calls, tokens=self.tokens)
        _numbers((int, float), seconds=self.seconds)
        for name in _UNITS:
            most = getattr(self, name)
            if most is not None and not most > 0:
                raise ValueError(f"Limits({name}=) is more than 0")
        if self.on_unknown not in ("allow", "stop"):
            raise ValueError(f"Limits(on_unknown=) is 'allow' or 'stop', not {self.on_unknown!r}")


def _text(number: Decimal | float) -> str:
    return f"{number:f}" if isinstance(number, Decimal) else str(number)


def _numbers(kind: type | tuple[type, ...], **given: object) -> None:
    for name, value in given.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, kind)):
            raise TypeError(f"Limits({name}=) is a number, not {type(value).__name__}")
