"""`keito explain`: everything that is known of one record."""

from __future__ import annotations

from .explain import explain

__all__ = ["explain"]
