"""Saying each kind of trouble once, and then counting it."""

from __future__ import annotations

import logging
from collections import Counter

from ._guard import said

logger = logging.getLogger("keito.billing")

counts: Counter[str] = Counter()
"""How often each kind of trouble has happened in this process."""


def warn(kind: str, message: str) -> None:
    """Log trouble the first time, and again when it has happened ten times as often."""
    counts[kind] += 1
    seen = counts[kind]
    if seen == 1:
        said(logger.warning, "keito: %s", message)
    elif str(seen).strip("0") == "1":
        said(logger.warning, "keito: %s (%d times so far)", message, seen)


def over(kind: str, message: str) -> None:
    """Log that a kind of trouble is over: when it comes back, it is said again."""
    if counts.pop(kind, 0):
        # As loud as the trouble was, or it would look as if it lasted.
        said(logger.warning, "keito: %s", message)
