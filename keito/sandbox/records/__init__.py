"""The sandbox's records: what it stores is field by field what the API answers."""

from __future__ import annotations

from .client import Client
from .contact import Contact
from .expense import Expense, ExpenseCategory
from .fields import IdName, InvoiceState, Metadata, PaymentTerm, Source
from .invoice import Creator, DeletedInvoice, Invoice, InvoiceMessage, LineItem
from .page import (
    ClientPage,
    ContactPage,
    ExpensePage,
    InvoiceMessagePage,
    InvoicePage,
    ProjectPage,
    TaskPage,
    TeamTimePage,
    TimeEntryPage,
)
from .project import Assignment, Project
from .report import TeamTimeResult
from .task import Task
from .time_entry import TimeEntry
from .user import User

__all__ = [
    "Assignment",
    "Client",
    "ClientPage",
    "Contact",
    "ContactPage",
    "Creator",
    "DeletedInvoice",
    "Expense",
    "ExpenseCategory",
    "ExpensePage",
    "IdName",
    "Invoice",
    "InvoiceMessage",
    "InvoiceMessagePage",
    "InvoicePage",
    "InvoiceState",
    "LineItem",
    "Metadata",
    "PaymentTerm",
    "Project",
    "ProjectPage",
    "Source",
    "Task",
    "TaskPage",
    "TeamTimePage",
    "TeamTimeResult",
    "TimeEntry",
    "TimeEntryPage",
    "User",
]
