"""What was found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["fine", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: What was looked at.
        state: `fine`; `note` for what may be meant so; `problem` for what has to be put right.
        said: What was found.
        fix: What to do; None if nothing has to be done.
    """

    about: str
    state: State
    said: str
    fix: str | None = None
