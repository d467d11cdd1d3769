"""From what a provider says about a model call to `Usage`: one small file for each shape."""

from __future__ import annotations

from .read import usage_of
from .stream import StreamUsage

__all__ = ["StreamUsage", "usage_of"]
