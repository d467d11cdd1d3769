"""What the toolkit costs, measured beside what it could cost at the least."""

from __future__ import annotations
