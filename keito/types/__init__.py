"""What Keito answers, and the bodies that it takes."""

from __future__ import annotations

from ._model import Http
from .agent_summary import AgentSummary, CombinedSummary, OutcomeSummary, TimeSummary
from .client import Client, ClientCreate, ClientUpdate
from .common import AgentMetadata, IdName, Metadata
from .contact import Contact, ContactCreate
from .expense import Expense, ExpenseCreate
from .invoice import (
    Creator,
    Deleted,
    Invoice,
    InvoiceCreate,
    InvoiceUpdate,
    LineItem,
    LineItemCreate,
)
from .invoice_message import InvoiceMessage, InvoiceMessageCreate, Recipient
from .outcome import OutcomeTypes
from .page import Links
from .project import Project
from .report import TeamTimeResult
from .request_options import RequestOptions
from .task import Task
from .time_entry import TimeEntry, TimeEntryCreate, TimeEntryUpdate
from .user import User

__all__ = [
    "AgentMetadata",
    "AgentSummary",
    "Client",
    "ClientCreate",
    "ClientUpdate",
    "CombinedSummary",
    "Contact",
    "ContactCreate",
    "Creator",
    "Deleted",
    "Expense",
    "ExpenseCreate",
    "Http",
    "IdName",
    "Invoice",
    "InvoiceCreate",
    "InvoiceMessage",
    "InvoiceMessageCreate",
    "InvoiceUpdate",
    "LineItem",
    "LineItemCreate",
    "Links",
    "Metadata",
    "OutcomeSummary",
    "OutcomeTypes",
    "Project",
    "Recipient",
    "RequestOptions",
    "Task",
    "TeamTimeResult",
    "TimeEntry",
    "TimeEntryCreate",
    "TimeEntryUpdate",
    "TimeSummary",
    "User",
]
