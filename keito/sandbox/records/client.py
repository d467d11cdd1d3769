"""A client: who is billed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .fields import Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who work is done for; `tax`, `tax2` and `discount` are the defaults of its invoices."""

    id: str
    name: str
    address: str | None
    currency: str
    is_active: bool
    payment_terms: str
    payment_days: int | None
    tax: Number | None
    tax2: Number | None
    discount: Number | None
    statement_key: str
    created_at: datetime
    updated_at: datetime
