"""The version of the package, sent to Keito in the User-Agent and recorded with each entry."""

from __future__ import annotations

__version__ = "0.3.0"
"""The version of this package."""
