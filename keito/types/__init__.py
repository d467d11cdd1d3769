"""What Keito answers, and the bodies that it takes.

Names load on first use: all of them take 15 ms, and most programs need a few.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._model import Http as Http
    from .agent_summary import AgentSummary as AgentSummary
    from .agent_summary import CombinedSummary as CombinedSummary
    from .agent_summary import OutcomeSummary as OutcomeSummary
    from .agent_summary import TimeSummary as TimeSummary
    from .client import Client as Client
    from .client import ClientCreate as ClientCreate
    from .client import ClientUpdate as ClientUpdate
    from .common import AgentMetadata as AgentMetadata
    from .common import IdName as IdName
    from .common import Metadata as Metadata
    from .contact import Contact as Contact
    from .contact import ContactCreate as ContactCreate
    from .expense import Expense as Expense
    from .expense import ExpenseCreate as ExpenseCreate
    from .invoice import Creator as Creator
    from .invoice import Deleted as Deleted
    from .invoice import Invoice as Invoice
    from .invoice import InvoiceCreate as InvoiceCreate
    from .invoice import InvoiceUpdate as InvoiceUpdate
    from .invoice import LineItem as LineItem
    from .invoice import LineItemCreate as LineItemCreate
    from .invoice_message import InvoiceMessage as InvoiceMessage
    from .invoice_message import InvoiceMessageCreate as InvoiceMessageCreate
    from .invoice_message import Recipient as Recipient
    from .outcome import OutcomeTypes as OutcomeTypes
    from .page import Links as Links
    from .project import Project as Project
    from .report import TeamTimeResult as TeamTimeResult
    from .request_options import RequestOptions as RequestOptions
    from .task import Task as Task
    from .time_entry import TimeEntry as TimeEntry
    from .time_entry import TimeEntryCreate as TimeEntryCreate
    from .time_entry import TimeEntryUpdate as TimeEntryUpdate
    from .user import User as User

_NAMES_BY_MODULE: dict[str, tuple[str, ...]] = {
    "._model": ("Http",),
    ".agent_summary": (
        "AgentSummary",
        "CombinedSummary",
        "OutcomeSummary",
        "TimeSummary",
    ),
    ".client": (
        "Client",
        "ClientCreate",
        "ClientUpdate",
    ),
    ".common": (
        "AgentMetadata",
        "IdName",
        "Metadata",
    ),
    ".contact": (
        "Contact",
        "ContactCreate",
    ),
    ".expense": (
        "Expense",
        "ExpenseCreate",
    ),
    ".invoice": (
        "Creator",
        "Deleted",
        "Invoice",
        "InvoiceCreate",
        "InvoiceUpdate",
        "LineItem",
        "LineItemCreate",
    ),
    ".invoice_message": (
        "InvoiceMessage",
        "InvoiceMessageCreate",
        "Recipient",
    ),
    ".outcome": ("OutcomeTypes",),
    ".page": ("Links",),
    ".project": ("Project",),
    ".report": ("TeamTimeResult",),
    ".request_options": ("RequestOptions",),
    ".task": ("Task",),
    ".time_entry": (
        "TimeEntry",
        "TimeEntryCreate",
        "TimeEntryUpdate",
    ),
    ".user": ("User",),
}
_MODULE_OF = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}

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


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
