"""The client for asyncio, from which the one for threads is generated."""

from __future__ import annotations
