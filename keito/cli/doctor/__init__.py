"""`keito doctor`: what is wrong here, and how it is put right."""

from __future__ import annotations

from .doctor import doctor

__all__ = ["doctor"]
