"""What the API takes: the bodies of requests."""

from __future__ import annotations

from .client import ClientCreate, ClientUpdate, ContactCreate
from .expense import ExpenseCreate
from .invoice import InvoiceCreate, InvoiceMessageCreate, InvoiceUpdate, LineItemCreate
from .time_entry import TimeEntryCreate, TimeEntryRestart, TimeEntryStop, TimeEntryUpdate

__all__ = [
    "ClientCreate",
    "ClientUpdate",
    "ContactCreate",
    "ExpenseCreate",
    "InvoiceCreate",
    "InvoiceMessageCreate",
    "InvoiceUpdate",
    "LineItemCreate",
    "TimeEntryCreate",
    "TimeEntryRestart",
    "TimeEntryStop",
    "TimeEntryUpdate",
]
