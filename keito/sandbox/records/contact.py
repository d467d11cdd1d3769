"""A person at a client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .fields import IdName


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person at a client, whom invoices are sent to."""

    id: str
    client: IdName
    first_name: str
    last_name: str | None
    title: str | None
    email: str | None
    phone_office: str | None
    phone_mobile: str | None
    fax: str | None
    created_at: datetime
    updated_at: datetime
