"""The chaos test uses the same PostgreSQL as the tests of the outbox."""

from __future__ import annotations

from tests.billing.conftest import postgres, postgres_place

__all__ = ["postgres", "postgres_place"]
