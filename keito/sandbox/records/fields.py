"""What the fields of records are made of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import WithJsonSchema

# The description says "number"; pydantic alone would describe a Decimal as text.
Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]

Metadata = dict[str, object]
Source = Literal["web", "cli", "api", "agent", "calendar", "desktop"]
ExpenseSource = Literal["web", "cli", "api", "agent"]
ApprovalStatus = Literal["unsubmitted", "submitted", "approved", "rejected"]
InvoiceState = Literal["draft", "open", "paid", "closed"]
PaymentTerm = Literal["upon_receipt", "net_15", "net_30", "net_45", "net_60", "custom"]
UserType = Literal["human", "agent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdName:
    """Another record, as it appears inside this one."""

    id: str
    name: str | None
