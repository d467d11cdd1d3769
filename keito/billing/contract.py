"""What is charged: plain data, stored once by its hash with the records it shaped."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args

from . import _log
from ._facts import decode, encode

Status = Literal[
    "ok",
    "interrupted",
    "closed_early",
    "error",
    "limit",
    "guardrail",
    "cancelled",
    "abandoned",
    "recovered",
]
"""How a run ended."""

Charge = Literal["time", "outcomes", "both"]
TimeBasis = Literal["wall", "active"]

STATUSES: tuple[str, ...] = get_args(Status)
CHARGED: frozenset[str] = frozenset({"ok", "interrupted", "closed_early"})


def _time_zone() -> str:
    name = os.environ.get("KEITO_TIMEZONE", "").strip() or "UTC"
    if _is_zone(name):
        return name
    # Whoever set it is not there to catch an error, which would reach the agent instead.
    _log.warn("time zone", "KEITO_TIMEZONE names no time zone: days end at midnight in UTC")
    return "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What is charged, and how time is counted.

    Attributes:
        charge: `time`, `outcomes` (hours are recorded, not billable) or `both`; default: `time`
            without a price list, `outcomes` with one.
        prices: The price of each outcome type.
        policy: Whether a run with this status is charged, where it differs from the default: `ok`,
            `interrupted` and `closed_early` are, all else is not.
        max_hours_per_run: What exceeds it is recorded, not charged.
        time_basis: `wall` counts from start to end, `active` the time in model and tool calls.
        time_zone: Whose midnight ends a day; default: `KEITO_TIMEZONE`, else UTC.
        generators: A generator is timed while it works (`working`), or also while whoever
            consumes it does (`open`).
        share_cost: Whether Keito is told what the model calls cost.
    """

    charge: Charge | None = None
    prices: Mapping[str, Decimal | int | str] = field(default_factory=dict)
    policy: Mapping[Status, bool] = field(default_factory=dict)
    max_hours_per_run: Decimal | int | str = Decimal(8)
    time_basis: TimeBasis = "wall"
    time_zone: str = field(default_factory=_time_zone)
    generators: Literal["working", "open"] = "working"
    share_cost: bool = True

    def __post_init__(self) -> None:
        _one_of("charge", self.charge, (None, *get_args(Charge)))
        _one_of("time_basis", self.time_basis, get_args(TimeBasis))
        _one_of("generators", self.generators, ("working", "open"))
        for status in self.policy:
            _one_of("policy", status, STATUSES)
        for value in (*self.prices.values(), self.max_hours_per_run):
            amount("Contract", value)
        if not _is_zone(self.time_zone):
            raise ValueError(f"Contract(time_zone=): there is no time zone {self.time_zone!r}")

    @property
    def charges_time(self) -> bool:
        """Whether hours are billable."""
        return self._charge in ("time", "both")

    @property
    def charges_outcomes(self) -> bool:
        """Whether outcomes are billable."""
        return self._charge in ("outcomes", "both")

    @property
    def _charge(self) -> Charge:
        return self.charge or ("outcomes" if self.prices else "time")

    def charges(self, status: str) -> bool:
        """Whether a run that ended like this is charged."""
        for named, charged in self.policy.items():
            if named == status:
                return charged
        return status in CHARGED

    def price(self, outcome_type: str) -> Decimal | None:
        """Return the price list's price, if it has one."""
        found = self.prices.get(outcome_type)
        return None if found is None else amount("price", found)

    def text(self) -> str:
        """Return it as JSON: the same for equal contracts."""
        return encode(
            {
                "charge": self._charge,
                "prices": {
                    name: str(amount("price", p)) for name, p in sorted(self.prices.items())
                },
                "policy": dict(sorted(self.policy.items())),
                "max_hours_per_run": str(amount("max_hours_per_run", self.max_hours_per_run)),
                "time_basis": self.time_basis,
                "time_zone": self.time_zone,
                "generators": self.generators,
                "share_cost": self.share_cost,
            }
        )

    @property
    def id(self) -> str:
        """A name that only contracts with the same content share."""
        return hashlib.sha256(self.text().encode()).hexdigest()[:16]


def read_contract(text: str) -> Contract:
    """Read a contract that `Contract.text` wrote.

    Raises:
        TypeError: It was written by another version, with fields this one does not know.
        ValueError: A value is not one this version knows.
    """
    fields: Any = decode(text)
    return Contract(**fields)


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


def _one_of(what: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        names = ", ".join(str(name) for name in allowed if name is not None)
        raise ValueError(f"Contract({what}=): {value!r} is not one of {names}")


def _is_zone(name: str) -> bool:
    if name == "UTC":
        return True
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
