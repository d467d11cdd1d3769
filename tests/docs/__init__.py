"""The documentation."""

from __future__ import annotations
