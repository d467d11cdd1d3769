"""The outbox in PostgreSQL: any number of machines share it, and it outlasts them."""

from __future__ import annotations

from .outbox import PostgresOutbox

__all__ = ["PostgresOutbox"]
