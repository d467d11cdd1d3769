"""`keito export`: a month's work, for the invoice or for another program."""

from __future__ import annotations

from .export import export

__all__ = ["export"]
