"""What is charged: plain data, stored once by its hash with the records it shaped."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal, get_args

from ._facts import decode, encode
from .amounts import amount
from .arguments import flag, one_of
from .caps import Cap
from .cost_expense import CostExpense
from .time_zones import is_zone, usual_zone
from .usage import EXACT

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
RoundedPer = Literal["run", "day"]
Children = Literal["folded", "separate"]

STATUSES: tuple[str, ...] = get_args(Status)
CHARGED: frozenset[str] = frozenset({"ok", "interrupted", "closed_early"})
_NONE = timedelta(0)
_DAY = timedelta(days=1)


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
        increment: Charged time is rounded up to a multiple of it, at most 24 hours.
        minimum: Charged time is at least so long, before it is rounded; at most 24 hours.
        rounded_per: What both apply to: each charged `run`, or the sum over a `day` of all charged
            runs of a project, task, user and contract.
        children: A run that is started in another for the same target is `folded` into its record,
            or has a record of its own (`separate`), with the time that no other record has.
        caps: The most that is charged of an outcome type.
        cost_expense: Passes on what the model calls cost, as one expense per project and day.

    Raises:
        TypeError: A value has the wrong type; money and hours as a float, above all.
        ValueError: A value is not one of those named here, or out of range.
    """

    charge: Charge | None = None
    prices: Mapping[str, Decimal | int | str] = field(default_factory=dict)
    policy: Mapping[Status, bool] = field(default_factory=dict)
    max_hours_per_run: Decimal | int | str = Decimal(8)
    time_basis: TimeBasis = "wall"
    time_zone: str = field(default_factory=usual_zone)
    generators: Literal["working", "open"] = "working"
    share_cost: bool = True
    increment: timedelta | None = None
    minimum: timedelta | None = None
    rounded_per: RoundedPer = "run"
    children: Children = "folded"
    caps: Mapping[str, Cap] = field(default_factory=dict)
    cost_expense: CostExpense | None = None

    def __post_init__(self) -> None:
        one_of("Contract(charge=)", self.charge, (None, *get_args(Charge)))
        one_of("Contract(time_basis=)", self.time_basis, get_args(TimeBasis))
        one_of("Contract(generators=)", self.generators, ("working", "open"))
        self._copy_tables()
        for status, charged in self.policy.items():
            one_of("Contract(policy=)", status, STATUSES)
            flag("Contract(policy=)", charged)
        for name, price in self.prices.items():
            amount(f"Contract(prices=): {name}", price)
        amount("Contract(max_hours_per_run=)", self.max_hours_per_run)
        flag("Contract(share_cost=)", self.share_cost)
        if not isinstance(self.time_zone, str):
            raise TypeError("Contract(time_zone=): give the name of a time zone")
        if not is_zone(self.time_zone):
            raise ValueError(f"Contract(time_zone=): there is no time zone {self.time_zone!r}")
        one_of("Contract(rounded_per=)", self.rounded_per, get_args(RoundedPer))
        one_of("Contract(children=)", self.children, get_args(Children))
        _check_time("increment", self.increment)
        _check_time("minimum", self.minimum)
        self._check_minimum()
        _check_caps(self.caps)
        if not isinstance(self.cost_expense, (CostExpense, type(None))):
            raise TypeError("Contract(cost_expense=): give a CostExpense")

    @property
    def charges_time(self) -> bool:
        """Whether hours are billable."""
        return self._charge in ("time", "both")

    @property
    def charges_outcomes(self) -> bool:
        """Whether outcomes are billable."""
        return self._charge in ("outcomes", "both")

    @property
    def rounds(self) -> bool:
        """Whether charged time is rounded up."""
        return self.increment is not None or self.minimum is not None

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
                **self._extras(),
            }
        )

    @property
    def id(self) -> str:
        """A name that only contracts with the same content share."""
        return _id(self.text())

    def _copy_tables(self) -> None:
        """Keep what was given: a table that changes later would belie the contract's id."""
        for name in ("prices", "policy", "caps"):
            given = getattr(self, name)
            if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
                raise TypeError(f"Contract({name}=): give a mapping whose names are text")
            object.__setattr__(self, name, dict(given))

    def _extras(self) -> dict[str, object]:
        # Left out where they are not used: a contract that an earlier version stored without them
        # keeps its id.
        said: dict[str, object] = {}
        for name in ("increment", "minimum"):
            if (time := getattr(self, name)) is not None:
                said[name] = _seconds(time)
        if self.rounds:
            said["rounded_per"] = self.rounded_per
        if self.children != "folded":
            said["children"] = self.children
        if self.caps:
            said["caps"] = {name: cap.facts() for name, cap in sorted(self.caps.items())}
        if self.cost_expense is not None:
            said["cost_expense"] = self.cost_expense.facts()
        return said

    def _check_minimum(self) -> None:
        longest = amount("max_hours_per_run", self.max_hours_per_run)
        if self.minimum is None or self.rounded_per == "day":
            return
        if Decimal(_seconds(self.minimum)) > EXACT.multiply(longest, Decimal(3600)):
            raise ValueError("Contract(minimum=): is more than max_hours_per_run")


def check_contract(text: str, *, id: str) -> None:
    """Check that a contract is stored as it was written, whichever version wrote it.

    Raises:
        ValueError: It is not.
    """
    if _id(text) != id:
        raise ValueError("a contract is not what its id says")


def read_contract(text: str) -> Contract:
    """Read a contract that `Contract.text` wrote, in this version or an earlier one.

    Raises:
        TypeError: It was written by another version, with fields this one does not know.
        ValueError: A value is not one this version knows.
    """
    fields: Any = decode(text)
    for name in ("increment", "minimum"):
        if name in fields:
            fields[name] = _timedelta(fields[name])
    if "caps" in fields:
        fields["caps"] = {name: Cap(**cap) for name, cap in fields["caps"].items()}
    if "cost_expense" in fields:
        fields["cost_expense"] = CostExpense(**fields["cost_expense"])
    return Contract(**fields)


def _id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _seconds(time: timedelta) -> str:
    """Write a length of time as exact seconds: `360`, `0.5`."""
    whole, micro = divmod(time // timedelta(microseconds=1), 1_000_000)
    return f"{whole}.{micro:06d}".rstrip("0").rstrip(".")


def _timedelta(seconds: str) -> timedelta:
    whole, _, micro = seconds.partition(".")
    return timedelta(seconds=int(whole), microseconds=int(micro.ljust(6, "0")))


def _check_time(what: str, value: object) -> None:
    if value is None:
        return
    if not isinstance(value, timedelta):
        raise TypeError(f"Contract({what}=): give a timedelta")
    if not _NONE < value <= _DAY:
        raise ValueError(f"Contract({what}=): must be more than 0 and at most 24 hours")


def _check_caps(caps: Mapping[str, object]) -> None:
    for cap in caps.values():
        if not isinstance(cap, Cap):
            raise TypeError("Contract(caps=): give a Cap for each outcome type")
