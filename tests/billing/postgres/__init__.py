"""The outbox in PostgreSQL, where it is more than the others."""

from __future__ import annotations
