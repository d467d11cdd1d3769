"""Bill runs with Keito."""

from __future__ import annotations
