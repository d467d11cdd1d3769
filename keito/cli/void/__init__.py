"""`keito void`: take work back that should not be charged."""

from __future__ import annotations

from .void import void

__all__ = ["void"]
