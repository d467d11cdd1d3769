"""The envelopes that lists are answered in, each with its data under its own name."""

from __future__ import annotations

from dataclasses import dataclass

from .client import Client
from .contact import Contact
from .expense import Expense
from .invoice import Invoice, InvoiceMessage
from .project import Project
from .report import TeamTimeResult
from .task import Task
from .time_entry import TimeEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class PaginationLinks:
    """Addresses of other pages of the same list."""

    first: str
    next: str | None
    previous: str | None
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaginationEnvelope:
    """Where in the list a page is."""

    per_page: int
    total_pages: int
    total_entries: int
    page: int
    links: PaginationLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeEntryPage(PaginationEnvelope):
    """A page of time entries."""

    time_entries: list[TimeEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpensePage(PaginationEnvelope):
    """A page of expenses."""

    expenses: list[Expense]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage(PaginationEnvelope):
    """A page of projects."""

    projects: list[Project]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPage(PaginationEnvelope):
    """A page of clients."""

    clients: list[Client]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPage(PaginationEnvelope):
    """A page of contacts."""

    contacts: list[Contact]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage(PaginationEnvelope):
    """A page of tasks."""

    tasks: list[Task]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePage(PaginationEnvelope):
    """A page of invoices."""

    invoices: list[Invoice]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceMessagePage(PaginationEnvelope):
    """A page of an invoice's messages."""

    invoice_messages: list[InvoiceMessage]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamTimePage(PaginationEnvelope):
    """A page of the team time report."""

    results: list[TeamTimeResult]
