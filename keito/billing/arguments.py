"""What callers of a run may give: wrong values fail where they are given."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

from ._facts import JSON, checked
from .amounts import amount

V = TypeVar("V")

_LONGEST = Decimal(24)


def text(what: str, value: str) -> str:
    """Return text that is not empty.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, str) or not value:
        raise TypeError(f"{what}: give text that is not empty")
    return value


def optional(what: str, value: str | None) -> str | None:
    """Return text or None.

    Raises:
        TypeError: It is neither.
    """
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{what}: give text, or None")
    return value


def whole(what: str, value: int) -> int:
    """Return a whole number, 0 or more.

    Raises:
        TypeError: It is no whole number.
        ValueError: It is negative.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what}: give a whole number")
    if value < 0:
        raise ValueError(f"{what}: must be 0 or more")
    return value


def flag(what: str, value: bool) -> bool:
    """Return True or False.

    Raises:
        TypeError: It is neither: the text "false" would count as yes.
    """
    if not isinstance(value, bool):
        raise TypeError(f"{what}: give True or False")
    return value


def number(what: str, value: Decimal | int | str | None) -> str | None:
    """Return an exact amount as text, or None.

    Raises:
        TypeError: It is a float, or no number at all.
        ValueError: It is negative or not finite.
    """
    return None if value is None else str(amount(what, value))


def hours(value: Decimal | int | str) -> str:
    """Return hours of one day as text.

    Raises:
        TypeError: They are a float, or no number at all.
        ValueError: They are 0, negative or more than 24.
    """
    given = amount("hours", value)
    if not 0 < given <= _LONGEST:
        raise ValueError("hours: must be more than 0 and at most 24")
    return str(given)


def proof(value: Mapping[str, JSON] | None) -> dict[str, object] | None:
    """Return evidence.

    Raises:
        TypeError: It is not JSON.
    """
    return None if value is None else checked(value, "evidence")


def instance(what: str, given: object, kind: type, wanted: str) -> None:
    """Check that something is of a kind, or None.

    Raises:
        TypeError: It is neither.
    """
    if given is not None and not isinstance(given, kind):
        raise TypeError(f"{what}: give {wanted}, or None")


def having(what: str, given: object, name: str, wanted: str) -> None:
    """Check that something has what it is used for, or is None.

    Raises:
        TypeError: It has not.
    """
    if given is not None and not hasattr(given, name):
        raise TypeError(f"{what}: give {wanted}, or None")


def at_least_one(what: str, value: int | None) -> int | None:
    """Return a limit: a whole number from 1, or None.

    Raises:
        ValueError: It is neither.
    """
    if value is not None and (not isinstance(value, int) or value < 1):
        raise ValueError(f"{what}: give a whole number from 1, or None for no limit")
    return value


def one_of(what: str, value: object, allowed: tuple[V, ...]) -> V:
    """Return the one of these that the value is.

    Raises:
        ValueError: It is none of them.
    """
    for choice in allowed:
        if choice == value:
            return choice
    names = ", ".join(str(choice) for choice in allowed if choice is not None)
    raise ValueError(f"{what}: {value!r} is not one of {names}")
