"""The value of an argument that was not given, where None means something."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal


class _Unset(Enum):
    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = _Unset.UNSET
"""Leave a field as it is. (None clears it.)"""

Unset = Literal[_Unset.UNSET]
