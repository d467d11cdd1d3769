"""`keito courier`: deliver what others record."""

from __future__ import annotations

from .courier import courier

__all__ = ["courier"]
